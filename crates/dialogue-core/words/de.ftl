# Sätze aller Pakete. Ein Paket kann jeden davon unter demselben Schlüssel ersetzen. Angesprochen wird mit "Sie".

greeting = Guten Tag. Ich bin ein automatischer Assistent. Wie kann ich Ihnen helfen?
consent-recording = Guten Tag. Dürfen wir dieses Gespräch aufzeichnen, damit wir belegen können, was vereinbart wurde? Bitte sagen Sie ja oder nein.
recording-on = Danke. Das Gespräch wird aufgezeichnet.
recording-off = In Ordnung, das Gespräch wird nicht aufgezeichnet.
ask-what = Wie kann ich Ihnen helfen?
rephrase-open = Entschuldigung, das habe ich nicht verstanden. Bitte sagen Sie mir in wenigen Worten, was Sie möchten.
help = Ich kann { $skills }. Sie können auch sagen: mit einem Menschen sprechen. Was möchten Sie?
anything-else = Kann ich sonst noch etwas für Sie tun?
go-on = In Ordnung. Was kann ich sonst für Sie tun?
unsure-skill = Möchten Sie { $skill }?
not-understood = Entschuldigung, das habe ich nicht verstanden.
did-you-say = Haben Sie { $value } gesagt?
option-by-number = Nummer { $number }
yes-or-no = Bitte sagen Sie ja oder nein.
yes-or-no-keys = Bitte sagen Sie ja oder nein, oder drücken Sie die 1 für ja und die 2 für nein.
keys-digits = Sie können es auch auf Ihrem Telefon eintippen, eine Ziffer nach der anderen.
keys-choice = Bitte sagen Sie die Nummer, oder drücken Sie sie auf Ihrem Telefon.
spell-with-words = Es hilft, wenn Sie langsam sprechen und Wörter für die Buchstaben nehmen, zum Beispiel K wie Kaufmann.
choose-one-of = Sie können sagen: { $options }.
spelled = Ich buchstabiere: { $codes }.
list-or = { $first } oder { $last }
take-your-time = Lassen Sie sich Zeit.
language-switched = Gern. Wir können auf Deutsch weitermachen.
lost-for-words = Es tut mir leid, das kann ich nicht in Worte fassen.

heard-value = Ich habe { $value } verstanden.
heard-skill = Sie möchten { $skill }.
rating-again = Bitte sagen oder drücken Sie eine Zahl von eins, gar nicht zufrieden, bis fünf, sehr zufrieden.
rating-noted = Danke, das habe ich notiert.
back-to = Und nun zurück zu dem, wo wir waren.
next-wish = Und nun zu dem anderen, was Sie möchten: { $skill }.
several-wishes = Gehen wir es nacheinander an: { $skills }.
noted-wish = Dazu komme ich gleich danach: { $skills }.
change-of-mind = In Ordnung, dann stattdessen: { $skill }.
not-wanted = In Ordnung, das nicht. Was möchten Sie stattdessen?
left-there = In Ordnung, das habe ich gelassen, wie es war.
corrected = In Ordnung, { $value }.
last-time = Bevor wir weitermachen: Letztes Mal wollten Sie { $skill }, und so ist es ausgegangen.
last-time-failed = Es war nicht möglich, und es wurde nichts geändert.
last-time-doubt = Es war nicht festzustellen, ob es geklappt hat, deshalb sieht es sich hier jemand an.
last-time-running = Was Sie letztes Mal wollten, ist noch in Arbeit: { $skill }.
last-time-approval = Was Sie letztes Mal wollten, muss noch jemand genehmigen: { $skill }.
last-time-language = Letztes Mal haben wir Deutsch gesprochen. Wenn Ihnen das lieber ist, sagen Sie einfach: auf Deutsch bitte.
last-time-open = Letztes Mal sind wir mit etwas nicht fertig geworden.
as-last-time = Ich nehme, was Sie mir letztes Mal gesagt haben: { $value }.
recalled = Sie haben mir gesagt: { $values }.
recalled-nothing = So etwas haben Sie mir noch nicht gesagt.
with-known = Ich mache mit dem weiter, was Sie mir schon gesagt haben: { $values }.

progress = Einen Moment, bitte.
progress-again = Ich bin noch dabei. Danke, dass Sie warten.
acting = In Ordnung. Einen Moment.
still-working = Ich bin noch dabei. Ich sage es Ihnen, sobald es geklärt ist.
claim-done = Es ist erledigt.
not-confirmed = In Ordnung, ich habe nichts geändert. Was möchten Sie stattdessen?
abandoned = In Ordnung, ich habe an dieser Stelle aufgehört. Was möchten Sie?
offer-human = Soll ich Sie mit jemandem aus unserem Team verbinden?
in-doubt = Es tut mir leid. Ich kann nicht sagen, ob es geklappt hat, deshalb muss es sich jemand ansehen.
awaiting-approval = Das muss hier erst jemand genehmigen. Das kann dauern, und bis dahin ist nichts entschieden.
approval-call-back = Sollen wir Sie zurückrufen, sobald es entschieden ist?
core-unavailable = Es tut mir leid. Ich erreiche unsere Systeme gerade nicht.

handover-asked = Gern. Bitte bleiben Sie dran, während ich jemanden für Sie suche.
handover-refused = Ich hole jemanden dazu, der das entscheiden kann. Bitte bleiben Sie dran.
handover-misunderstood = Es tut mir leid, dass ich Sie nicht verstehe. Bitte bleiben Sie dran, während ich jemanden für Sie suche.
handover-not-found = Damit komme ich nicht weiter. Bitte bleiben Sie dran, während ich jemanden suche, der Ihnen helfen kann.
handover-failed = Bitte bleiben Sie dran, während ich jemanden suche, der Ihnen helfen kann.
handover-doubt = Bitte bleiben Sie dran, während ich jemanden suche, der es mit Ihnen prüfen kann.
still-connecting = Ich versuche noch, jemanden zu erreichen. Bitte bleiben Sie dran.
no-human = Es tut mir leid, im Moment ist niemand frei. Sollen wir Sie zurückrufen?
ask-number = Unter welcher Nummer können wir Sie zurückrufen? Bitte sagen Sie sie Ziffer für Ziffer, oder tippen Sie sie ein.
ask-number-again = Entschuldigung, ich brauche die ganze Nummer, sieben bis fünfzehn Ziffern. Bitte sagen Sie sie langsam, Ziffer für Ziffer.
read-back-number = Ich habe { $number }. Ist das richtig?
call-back-noted = In Ordnung. Ich gebe weiter, dass Sie zurückgerufen werden möchten. Auf Wiederhören.
call-back-failed = Es tut mir leid, ich kann gerade keinen Rückruf vereinbaren.
ask-call-time = Wann sollen wir Sie anrufen? Sagen Sie "so bald wie möglich" oder eine Zeit.
ask-call-time-again = Entschuldigung, ich brauche eine Zeit, zum Beispiel "morgen um neun". Für so bald wie möglich drücken Sie die 1.
read-back-call-time = Wir rufen Sie { $when } an. Ist das in Ordnung?
call-time-today = heute zwischen { $from } und { $to }
call-time-tomorrow = morgen zwischen { $from } und { $to }
call-time-on = am { $day } zwischen { $from } und { $to }
call-back-promised = In Ordnung. Wir rufen Sie { $when } an. Auf Wiederhören.
call-back-instead = Drücken Sie die 1, wenn Sie lieber zurückgerufen werden möchten.
called-back = Guten Tag. Ich rufe an, weil Sie um einen Rückruf gebeten haben. Passt es Ihnen gerade?
returned = Sie sind wieder bei mir. Was kann ich noch für Sie tun?
handed-back = Ich wurde gebeten, das mit Ihnen zu Ende zu bringen. Was fehlt noch?

still-there = Sind Sie noch da?
still-there-again = Ich höre Sie nicht.
farewell = Danke für Ihren Anruf. Auf Wiederhören.
farewell-silence = Ich höre Sie nicht, deshalb beende ich das Gespräch. Rufen Sie gern jederzeit wieder an. Auf Wiederhören.

brief-who = Die Nummer der anrufenden Person ist { $caller }.
brief-who-unknown = Die Nummer der anrufenden Person ist nicht bekannt.
brief-verified = Sie hat sich ausgewiesen für { $verified }.
brief-not-verified = Sie hat sich nicht ausgewiesen.
brief-asked = Sie möchte { $skill }.
brief-asked-nothing = Sie hat nicht gesagt, was sie möchte.
brief-done = Bisher erledigt. { $claims }
brief-part-done = Diese Schritte sind erledigt: { $actions }.
brief-nothing-done = Es wurde nichts geändert.
brief-running = Ein Vorgang läuft. Wie er ausgeht, ist noch nicht bekannt.
brief-approval = Ein Vorgang wartet auf eine Genehmigung. Wie er ausgeht, ist noch nicht bekannt.
brief-doubt = Niemand kann sagen, ob der letzte Schritt gewirkt hat. Bitte prüfen Sie es.
brief-called = Wir haben wie versprochen zurückgerufen. Als um den Rückruf gebeten wurde: { $before }
brief-open-asked = Sie wollte mit einem Menschen sprechen.
brief-open-refused = Ich musste sagen: { $why }
brief-open-value = Es geht um mehr, als ich allein entscheiden darf.
brief-open-misunderstood = Ich konnte sie nicht verstehen.
brief-open-not-found = Was sie angegeben hat, war nicht zu finden.
brief-open-failed = Es ist mir nicht gelungen.
brief-open-unavailable = Ich habe unsere Systeme nicht erreicht.
brief-open-approval = Sie möchte hören, ob es genehmigt ist.

transfer-connecting = Danke, dass Sie gewartet haben. Ich verbinde Sie jetzt.
transfer-accept = Drücken Sie die 1 oder sagen Sie ja, um das Gespräch anzunehmen. Drücken Sie die 2 oder sagen Sie nein, um es abzulehnen.
transfer-ask-again = Nehmen Sie das Gespräch an? Bitte drücken Sie die 1 oder sagen Sie ja, oder drücken Sie die 2 oder sagen Sie nein.
transfer-connected = Danke. Sie sind verbunden.
hand-back-words = mach das für mich fertig; machen Sie das für mich fertig; bitte übernimm wieder; bitte übernehmen Sie wieder; ich gebe Sie zurück an den Assistenten
stay-words = bleib bei uns; bleiben Sie bei uns; hör weiter zu; hören Sie weiter zu
leave-words = du kannst gehen; Sie können gehen; hör nicht mehr zu; hören Sie nicht mehr zu
other-words = ein anderer; ein anderes; den anderen; die andere; etwas anderes
machine-words = eine Nachricht; Ihre Nachricht; nach dem Signalton; nach dem Ton; nach dem Piepton; Mailbox; Anrufbeantworter; ist nicht erreichbar; nicht erreichbar; zur Zeit nicht; nicht vergeben; drücken Sie die; drücken Sie eins; drücken Sie 1; Hauptmenü; außerhalb unserer Geschäftszeiten; rufen Sie später wieder an
whisper-failed = Was ich gerade für die anrufende Person tun sollte, hat nicht geklappt. Was schon geschehen war, wurde zurückgenommen.
closing-down = Es tut mir leid, wir müssen das Gespräch aus technischen Gründen beenden. Bitte rufen Sie in einigen Minuten wieder an. Auf Wiederhören.

# Wie Angaben gesprochen werden. Die Variablen sind in en.ftl erklärt.

say-weekday = { $weekday ->
    [1] Montag
    [2] Dienstag
    [3] Mittwoch
    [4] Donnerstag
    [5] Freitag
    [6] Samstag
   *[7] Sonntag
}
say-month = { $month ->
    [1] Januar
    [2] Februar
    [3] März
    [4] April
    [5] Mai
    [6] Juni
    [7] Juli
    [8] August
    [9] September
    [10] Oktober
    [11] November
   *[12] Dezember
}
# Im Akkusativ, damit es allein und nach "am" stehen kann.
say-date = { say-weekday }, den { SPELL($day, as: "ordinal-n") } { say-month }
say-time = { $hour ->
    [0] { $minute ->
        [0] Mitternacht
       *[other] null Uhr { SPELL($minute) }
    }
   *[other] { SPELL($hour, as: "masculine") } Uhr { $minute ->
        [0] { "" }
       *[other] { SPELL($minute) }
    }
}
say-time-forms = { $hour } { $mm }; { $twelve } { $mm }; { $hour }{ $mm }; { $hour } Uhr { $minute }; { SPELL($hour, as: "masculine") } Uhr { SPELL($minute) }; { SPELL($twelve, as: "masculine") } Uhr { SPELL($minute) }; { SPELL($twelve) } { SPELL($minute) }; { $minute ->
    [0] { SPELL($hour, as: "masculine") } Uhr; { SPELL($twelve, as: "masculine") } Uhr; { $hour } Uhr; { $twelve } Uhr; um { SPELL($twelve) }
    [15] viertel nach { SPELL($twelve) }; viertel { SPELL($next) }
    [25] fünf vor halb { SPELL($next) }
    [30] halb { SPELL($next) }
    [35] fünf nach halb { SPELL($next) }
    [45] viertel vor { SPELL($next) }; dreiviertel { SPELL($next) }; drei viertel { SPELL($next) }
   *[other] { $tens ->
        [0] { SPELL($minute) } nach { SPELL($twelve) }
        [1] { SPELL($minute) } nach { SPELL($twelve) }
        [2] { SPELL($minute) } nach { SPELL($twelve) }
       *[other] { SPELL($left) } vor { SPELL($next) }
    }
}
say-days = { SPELL($n, as: "masculine") } { $n ->
    [one] Tag
   *[other] Tage
}
say-hours = { SPELL($n, as: "feminine") } { $n ->
    [one] Stunde
   *[other] Stunden
}
say-minutes = { SPELL($n, as: "feminine") } { $n ->
    [one] Minute
   *[other] Minuten
}
say-seconds = { SPELL($n, as: "feminine") } { $n ->
    [one] Sekunde
   *[other] Sekunden
}
say-duration-comma = { $first }, { $last }
say-duration-and = { $first } und { $last }
say-list-comma = { $first }, { $last }
say-list-and = { $first } und { $last }
say-money = { say-money-whole } und { say-money-small }
say-money-whole = { SPELL($whole, as: "masculine") } { say-unit }
say-money-small = { SPELL($small, as: "masculine") } { say-unit-small }
# Nach Zahlen bleiben sie im Singular: "zehn Euro".
say-unit = { $currency ->
    [USD] Dollar
    [EUR] Euro
    [GBP] Pfund
    [KRW] Won
    [JPY] Yen
    [CHF] Franken
   *[other] { $currency }
}
say-unit-small = { $currency ->
    [USD] Cent
    [EUR] Cent
    [GBP] { $small ->
        [one] Penny
       *[other] Pence
    }
    [CHF] Rappen
   *[other] Hundertstel
}
say-minus = minus { $amount }
say-plus = plus { $group }
say-letter = { $letter } wie { $word }

# Sätze aller Pakete. Ein Paket kann jeden davon unter demselben Schlüssel ersetzen.
# Wo die Anrede den Wortlaut ändert, steht er in beiden Formen: [familiar] mit "du", [formal] mit "Sie". Welche gilt, sagt $formality.

greeting = { $formality ->
    [familiar] Hallo. Ich bin ein automatischer Assistent. Wie kann ich dir helfen?
   *[formal] Guten Tag. Ich bin ein automatischer Assistent. Wie kann ich Ihnen helfen?
}
consent-recording = { $formality ->
    [familiar] Hallo. Dürfen wir dieses Gespräch aufzeichnen, damit wir belegen können, was vereinbart wurde? Bitte sag ja oder nein.
   *[formal] Guten Tag. Dürfen wir dieses Gespräch aufzeichnen, damit wir belegen können, was vereinbart wurde? Bitte sagen Sie ja oder nein.
}
recording-on = Danke. Das Gespräch wird aufgezeichnet.
recording-off = In Ordnung, das Gespräch wird nicht aufgezeichnet.
ask-what = { $formality ->
    [familiar] Wie kann ich dir helfen?
   *[formal] Wie kann ich Ihnen helfen?
}
rephrase-open = Entschuldigung, das habe ich nicht verstanden. { $formality ->
    [familiar] Bitte sag mir in wenigen Worten, was du möchtest.
   *[formal] Bitte sagen Sie mir in wenigen Worten, was Sie möchten.
}
help = Ich kann { $skills }. { $formality ->
    [familiar] Du kannst auch sagen: mit einem Menschen sprechen. Was möchtest du?
   *[formal] Sie können auch sagen: mit einem Menschen sprechen. Was möchten Sie?
}
anything-else = { $formality ->
    [familiar] Kann ich sonst noch etwas für dich tun?
   *[formal] Kann ich sonst noch etwas für Sie tun?
}
go-on = In Ordnung. { $formality ->
    [familiar] Was kann ich sonst für dich tun?
   *[formal] Was kann ich sonst für Sie tun?
}
unsure-skill = { $formality ->
    [familiar] Möchtest du { $skill }?
   *[formal] Möchten Sie { $skill }?
}
not-understood = Entschuldigung, das habe ich nicht verstanden.
did-you-say = { $formality ->
    [familiar] Hast du { $value } gesagt?
   *[formal] Haben Sie { $value } gesagt?
}
option-by-number = Nummer { $number }
yes-or-no = { $formality ->
    [familiar] Bitte sag ja oder nein.
   *[formal] Bitte sagen Sie ja oder nein.
}
yes-or-no-keys = { $formality ->
    [familiar] Bitte sag ja oder nein, oder drück die 1 für ja und die 2 für nein.
   *[formal] Bitte sagen Sie ja oder nein, oder drücken Sie die 1 für ja und die 2 für nein.
}
keys-digits = { $formality ->
    [familiar] Du kannst es auch auf deinem Telefon eintippen, eine Ziffer nach der anderen.
   *[formal] Sie können es auch auf Ihrem Telefon eintippen, eine Ziffer nach der anderen.
}
keys-choice = { $formality ->
    [familiar] Bitte sag die Nummer, oder drück sie auf deinem Telefon.
   *[formal] Bitte sagen Sie die Nummer, oder drücken Sie sie auf Ihrem Telefon.
}
spell-with-words = { $formality ->
    [familiar] Es hilft, wenn du langsam sprichst und Wörter für die Buchstaben nimmst, zum Beispiel K wie Kaufmann.
   *[formal] Es hilft, wenn Sie langsam sprechen und Wörter für die Buchstaben nehmen, zum Beispiel K wie Kaufmann.
}
choose-one-of = { $formality ->
    [familiar] Du kannst sagen: { $options }.
   *[formal] Sie können sagen: { $options }.
}
spelled = Ich buchstabiere: { $codes }.
list-or = { $first } oder { $last }
take-your-time = { $formality ->
    [familiar] Lass dir Zeit.
   *[formal] Lassen Sie sich Zeit.
}
language-switched = Gern. Wir können auf Deutsch weitermachen.
lost-for-words = Es tut mir leid, das kann ich nicht in Worte fassen.

heard-value = Ich habe { $value } verstanden.
heard-skill = { $formality ->
    [familiar] Du möchtest { $skill }.
   *[formal] Sie möchten { $skill }.
}
rating-again = { $formality ->
    [familiar] Bitte sag oder drück eine Zahl von eins, gar nicht zufrieden, bis fünf, sehr zufrieden.
   *[formal] Bitte sagen oder drücken Sie eine Zahl von eins, gar nicht zufrieden, bis fünf, sehr zufrieden.
}
rating-noted = Danke, das habe ich notiert.
back-to = Und nun zurück zu dem, wo wir waren.
next-wish = { $formality ->
    [familiar] Und nun zu dem anderen, was du möchtest: { $skill }.
   *[formal] Und nun zu dem anderen, was Sie möchten: { $skill }.
}
several-wishes = Gehen wir es nacheinander an: { $skills }.
noted-wish = Dazu komme ich gleich danach: { $skills }.
change-of-mind = In Ordnung, dann stattdessen: { $skill }.
not-wanted = In Ordnung, das nicht. { $formality ->
    [familiar] Was möchtest du stattdessen?
   *[formal] Was möchten Sie stattdessen?
}
left-there = In Ordnung, das habe ich gelassen, wie es war.
corrected = In Ordnung, { $value }.
last-time = { $formality ->
    [familiar] Bevor wir weitermachen: Letztes Mal wolltest du { $skill }, und so ist es ausgegangen.
   *[formal] Bevor wir weitermachen: Letztes Mal wollten Sie { $skill }, und so ist es ausgegangen.
}
last-time-failed = Es war nicht möglich, und es wurde nichts geändert.
last-time-doubt = Es war nicht festzustellen, ob es geklappt hat, deshalb sieht es sich hier jemand an.
last-time-running = { $formality ->
    [familiar] Was du letztes Mal wolltest, ist noch in Arbeit: { $skill }.
   *[formal] Was Sie letztes Mal wollten, ist noch in Arbeit: { $skill }.
}
last-time-approval = { $formality ->
    [familiar] Was du letztes Mal wolltest, muss noch jemand genehmigen: { $skill }.
   *[formal] Was Sie letztes Mal wollten, muss noch jemand genehmigen: { $skill }.
}
last-time-language = Letztes Mal haben wir Deutsch gesprochen. { $formality ->
    [familiar] Wenn dir das lieber ist, sag einfach: auf Deutsch bitte.
   *[formal] Wenn Ihnen das lieber ist, sagen Sie einfach: auf Deutsch bitte.
}
last-time-open = Letztes Mal sind wir mit etwas nicht fertig geworden.
as-last-time = { $formality ->
    [familiar] Ich nehme, was du mir letztes Mal gesagt hast: { $value }.
   *[formal] Ich nehme, was Sie mir letztes Mal gesagt haben: { $value }.
}
recalled = { $formality ->
    [familiar] Du hast mir gesagt: { $values }.
   *[formal] Sie haben mir gesagt: { $values }.
}
recalled-nothing = { $formality ->
    [familiar] So etwas hast du mir noch nicht gesagt.
   *[formal] So etwas haben Sie mir noch nicht gesagt.
}
with-known = { $formality ->
    [familiar] Ich mache mit dem weiter, was du mir schon gesagt hast: { $values }.
   *[formal] Ich mache mit dem weiter, was Sie mir schon gesagt haben: { $values }.
}

progress = Einen Moment, bitte.
progress-again = Ich bin noch dabei. { $formality ->
    [familiar] Danke, dass du wartest.
   *[formal] Danke, dass Sie warten.
}
acting = In Ordnung. Einen Moment.
still-working = Ich bin noch dabei. { $formality ->
    [familiar] Ich sage dir Bescheid, sobald es geklärt ist.
   *[formal] Ich sage es Ihnen, sobald es geklärt ist.
}
claim-done = Es ist erledigt.
not-confirmed = In Ordnung, ich habe nichts geändert. { $formality ->
    [familiar] Was möchtest du stattdessen?
   *[formal] Was möchten Sie stattdessen?
}
abandoned = In Ordnung, ich habe an dieser Stelle aufgehört. { $formality ->
    [familiar] Was möchtest du?
   *[formal] Was möchten Sie?
}
offer-human = { $formality ->
    [familiar] Soll ich dich mit jemandem aus unserem Team verbinden?
   *[formal] Soll ich Sie mit jemandem aus unserem Team verbinden?
}
in-doubt = Es tut mir leid. Ich kann nicht sagen, ob es geklappt hat, deshalb muss es sich jemand ansehen.
awaiting-approval = Das muss hier erst jemand genehmigen. Das kann dauern, und bis dahin ist nichts entschieden.
approval-call-back = { $formality ->
    [familiar] Sollen wir dich zurückrufen, sobald es entschieden ist?
   *[formal] Sollen wir Sie zurückrufen, sobald es entschieden ist?
}
core-unavailable = Es tut mir leid. Ich erreiche unsere Systeme gerade nicht.

handover-asked = Gern. { $formality ->
    [familiar] Bitte bleib dran, während ich jemanden für dich suche.
   *[formal] Bitte bleiben Sie dran, während ich jemanden für Sie suche.
}
handover-refused = Ich hole jemanden dazu, der das entscheiden kann. { $formality ->
    [familiar] Bitte bleib dran.
   *[formal] Bitte bleiben Sie dran.
}
handover-misunderstood = { $formality ->
    [familiar] Es tut mir leid, dass ich dich nicht verstehe. Bitte bleib dran, während ich jemanden für dich suche.
   *[formal] Es tut mir leid, dass ich Sie nicht verstehe. Bitte bleiben Sie dran, während ich jemanden für Sie suche.
}
handover-not-found = Damit komme ich nicht weiter. { $formality ->
    [familiar] Bitte bleib dran, während ich jemanden suche, der dir helfen kann.
   *[formal] Bitte bleiben Sie dran, während ich jemanden suche, der Ihnen helfen kann.
}
handover-failed = { $formality ->
    [familiar] Bitte bleib dran, während ich jemanden suche, der dir helfen kann.
   *[formal] Bitte bleiben Sie dran, während ich jemanden suche, der Ihnen helfen kann.
}
handover-doubt = { $formality ->
    [familiar] Bitte bleib dran, während ich jemanden suche, der es mit dir prüfen kann.
   *[formal] Bitte bleiben Sie dran, während ich jemanden suche, der es mit Ihnen prüfen kann.
}
still-connecting = Ich versuche noch, jemanden zu erreichen. { $formality ->
    [familiar] Bitte bleib dran.
   *[formal] Bitte bleiben Sie dran.
}
no-human = Es tut mir leid, im Moment ist niemand frei. { $formality ->
    [familiar] Sollen wir dich zurückrufen?
   *[formal] Sollen wir Sie zurückrufen?
}
ask-number = { $formality ->
    [familiar] Unter welcher Nummer können wir dich zurückrufen? Bitte sag sie Ziffer für Ziffer, oder tipp sie ein.
   *[formal] Unter welcher Nummer können wir Sie zurückrufen? Bitte sagen Sie sie Ziffer für Ziffer, oder tippen Sie sie ein.
}
ask-number-again = Entschuldigung, ich brauche die ganze Nummer, sieben bis fünfzehn Ziffern. { $formality ->
    [familiar] Bitte sag sie langsam, Ziffer für Ziffer.
   *[formal] Bitte sagen Sie sie langsam, Ziffer für Ziffer.
}
read-back-number = Ich habe { $number }. Ist das richtig?
call-back-noted = In Ordnung. { $formality ->
    [familiar] Ich gebe weiter, dass du zurückgerufen werden möchtest. Tschüss.
   *[formal] Ich gebe weiter, dass Sie zurückgerufen werden möchten. Auf Wiederhören.
}
call-back-failed = Es tut mir leid, ich kann gerade keinen Rückruf vereinbaren.
ask-call-time = { $formality ->
    [familiar] Wann sollen wir dich anrufen? Sag "so bald wie möglich" oder eine Zeit.
   *[formal] Wann sollen wir Sie anrufen? Sagen Sie "so bald wie möglich" oder eine Zeit.
}
ask-call-time-again = Entschuldigung, ich brauche eine Zeit, zum Beispiel "morgen um neun". { $formality ->
    [familiar] Für so bald wie möglich drück die 1.
   *[formal] Für so bald wie möglich drücken Sie die 1.
}
read-back-call-time = { $formality ->
    [familiar] Wir rufen dich { $when } an.
   *[formal] Wir rufen Sie { $when } an.
} Ist das in Ordnung?
call-time-today = heute zwischen { $from } und { $to }
call-time-tomorrow = morgen zwischen { $from } und { $to }
call-time-on = am { $day } zwischen { $from } und { $to }
call-back-promised = In Ordnung. { $formality ->
    [familiar] Wir rufen dich { $when } an. Tschüss.
   *[formal] Wir rufen Sie { $when } an. Auf Wiederhören.
}
call-back-instead = { $formality ->
    [familiar] Drück die 1, wenn du lieber zurückgerufen werden möchtest.
   *[formal] Drücken Sie die 1, wenn Sie lieber zurückgerufen werden möchten.
}
called-back = { $formality ->
    [familiar] Hallo. Ich rufe an, weil du um einen Rückruf gebeten hast. Passt es dir gerade?
   *[formal] Guten Tag. Ich rufe an, weil Sie um einen Rückruf gebeten haben. Passt es Ihnen gerade?
}
returned = { $formality ->
    [familiar] Du bist wieder bei mir. Was kann ich noch für dich tun?
   *[formal] Sie sind wieder bei mir. Was kann ich noch für Sie tun?
}
handed-back = { $formality ->
    [familiar] Ich wurde gebeten, das mit dir zu Ende zu bringen.
   *[formal] Ich wurde gebeten, das mit Ihnen zu Ende zu bringen.
} Was fehlt noch?

still-there = { $formality ->
    [familiar] Bist du noch da?
   *[formal] Sind Sie noch da?
}
still-there-again = { $formality ->
    [familiar] Ich höre dich nicht.
   *[formal] Ich höre Sie nicht.
}
farewell = { $formality ->
    [familiar] Danke für deinen Anruf. Tschüss.
   *[formal] Danke für Ihren Anruf. Auf Wiederhören.
}
farewell-silence = { $formality ->
    [familiar] Ich höre dich nicht, deshalb beende ich das Gespräch. Ruf gern jederzeit wieder an. Tschüss.
   *[formal] Ich höre Sie nicht, deshalb beende ich das Gespräch. Rufen Sie gern jederzeit wieder an. Auf Wiederhören.
}

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

transfer-connecting = { $formality ->
    [familiar] Danke, dass du gewartet hast. Ich verbinde dich jetzt.
   *[formal] Danke, dass Sie gewartet haben. Ich verbinde Sie jetzt.
}
transfer-accept = Drücken Sie die 1 oder sagen Sie ja, um das Gespräch anzunehmen. Drücken Sie die 2 oder sagen Sie nein, um es abzulehnen.
transfer-ask-again = Nehmen Sie das Gespräch an? Bitte drücken Sie die 1 oder sagen Sie ja, oder drücken Sie die 2 oder sagen Sie nein.
transfer-connected = Danke. { $formality ->
    [familiar] Du bist verbunden.
   *[formal] Sie sind verbunden.
}
hand-back-words = mach das für mich fertig; machen Sie das für mich fertig; bitte übernimm wieder; bitte übernehmen Sie wieder; ich gebe Sie zurück an den Assistenten
stay-words = bleib bei uns; bleiben Sie bei uns; hör weiter zu; hören Sie weiter zu
leave-words = du kannst gehen; Sie können gehen; hör nicht mehr zu; hören Sie nicht mehr zu
other-words = ein anderer; ein anderes; den anderen; die andere; etwas anderes
machine-words = eine Nachricht; Ihre Nachricht; nach dem Signalton; nach dem Ton; nach dem Piepton; Mailbox; Anrufbeantworter; ist nicht erreichbar; nicht erreichbar; zur Zeit nicht; nicht vergeben; drücken Sie die; drücken Sie eins; drücken Sie 1; Hauptmenü; außerhalb unserer Geschäftszeiten; rufen Sie später wieder an
whisper-failed = Was ich gerade für die anrufende Person tun sollte, hat nicht geklappt. Was schon geschehen war, wurde zurückgenommen.
closing-down = Es tut mir leid, wir müssen das Gespräch aus technischen Gründen beenden. { $formality ->
    [familiar] Bitte ruf in einigen Minuten wieder an. Tschüss.
   *[formal] Bitte rufen Sie in einigen Minuten wieder an. Auf Wiederhören.
}

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

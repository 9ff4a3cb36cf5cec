# Was die Fluggesellschaft auf Deutsch sagt. Wie Angaben gesprochen werden, steht in en.ftl.
# [familiar] duzt, [formal] siezt; `familiar` in pack.yaml entscheidet.

greeting = { $formality ->
    [familiar] Danke für deinen Anruf bei der Fluggesellschaft. Ich bin ein automatischer Assistent. Wie kann ich dir helfen?
   *[formal] Danke für Ihren Anruf bei der Fluggesellschaft. Ich bin ein automatischer Assistent. Wie kann ich Ihnen helfen?
}

skill-rebook = einen gestrichenen Flug umbuchen
skill-status = nachsehen, ob ein Flug pünktlich ist
skill-cancel = eine Buchung stornieren

ask-code = { $formality ->
    [familiar] Wie lautet dein Buchungscode?
   *[formal] Wie lautet Ihr Buchungscode?
}
ask-code-again = { $formality ->
    [familiar] Entschuldigung, ich brauche die sechs Buchstaben und Ziffern deines Buchungscodes. Bitte sag sie einzeln.
   *[formal] Entschuldigung, ich brauche die sechs Buchstaben und Ziffern Ihres Buchungscodes. Bitte sagen Sie sie einzeln.
}
ask-pin = { $formality ->
    [familiar] Und deine vierstellige PIN?
   *[formal] Und Ihre vierstellige PIN?
}
ask-pin-again = { $formality ->
    [familiar] Entschuldigung, bitte sag die vier Ziffern deiner PIN einzeln.
   *[formal] Entschuldigung, bitte sagen Sie die vier Ziffern Ihrer PIN einzeln.
}
ask-flight = Wie lauten die drei Ziffern der Flugnummer?
ask-flight-again = Entschuldigung, ich brauche die drei Ziffern der Flugnummer, zum Beispiel zwei eins zwei.

no-such-booking = Ich finde keine Buchung mit diesem Code.
wrong-pin = Diese PIN gehört nicht zu der Buchung.
no-such-flight = Ich kenne keinen Flug mit dieser Nummer.

not-cancelled = { $formality ->
    [familiar] Dein Flug { $booking-flight-number } ist nicht gestrichen, deshalb kann ich dich nicht umbuchen.
   *[formal] Ihr Flug { $booking-flight-number } ist nicht gestrichen, deshalb kann ich Sie nicht umbuchen.
}
already-cancelled = Diese Buchung ist bereits storniert.
no-flights = Es tut mir leid, es gibt keinen anderen Flug mit einem freien Platz.
no-refund = Es tut mir leid, dieser Tarif wird nicht erstattet.
not-allowed = Es tut mir leid, das darf ich nicht tun.
credit-too-high = Es tut mir leid, eine Gutschrift von { $offers-credit } ist mehr, als ich geben darf.
credit-limit-reached = Es tut mir leid, für diese Buchung kann heute nichts mehr gutgeschrieben werden.
refund-too-high = Es tut mir leid, eine Erstattung von { $terms-refund } ist mehr, als ich geben darf.

offer-flights = { $formality ->
    [familiar] Es tut mir leid, dass dein Flug nach { $booking-flight-to } gestrichen wurde. Das sind die nächsten Flüge.
   *[formal] Es tut mir leid, dass Ihr Flug nach { $booking-flight-to } gestrichen wurde. Das sind die nächsten Flüge.
}
offer-flights-option = { $option }: um { $departs }.

read-back-rebook = { $formality ->
    [familiar] Ich buche dich auf den Flug um { $flight-departs } um und gebe dir eine Gutschrift von { $offers-credit }. Soll ich das tun?
   *[formal] Ich buche Sie auf den Flug um { $flight-departs } um und gebe Ihnen eine Gutschrift von { $offers-credit }. Soll ich das tun?
}
read-back-rebook-short = Der Flug um { $flight-departs }, mit einer Gutschrift von { $offers-credit }. Soll ich das tun?
rebook-done = { $formality ->
    [familiar] Du bist auf den Flug um { $updated-departs } gebucht. Dein Platz ist { $seat-number }, und deine Gutschrift beträgt { $credit-amount }. Eine Bestätigung ist unterwegs.
   *[formal] Sie sind auf den Flug um { $updated-departs } gebucht. Ihr Platz ist { $seat-number }, und Ihre Gutschrift beträgt { $credit-amount }. Eine Bestätigung ist unterwegs.
}
rebook-failed = { $formality ->
    [familiar] Es tut mir leid, ich konnte dich nicht umbuchen. Deine Buchung ist, wie sie war.
   *[formal] Es tut mir leid, ich konnte Sie nicht umbuchen. Ihre Buchung ist, wie sie war.
}

read-back-cancel = { $formality ->
    [familiar] Ich storniere deine Buchung und erstatte { $terms-refund }. Soll ich das tun?
   *[formal] Ich storniere Ihre Buchung und erstatte { $terms-refund }. Soll ich das tun?
}
cancel-done = { $formality ->
    [familiar] Deine Buchung ist storniert, und { $refund-amount } werden erstattet. Eine Bestätigung ist unterwegs.
   *[formal] Ihre Buchung ist storniert, und { $refund-amount } werden erstattet. Eine Bestätigung ist unterwegs.
}
cancel-failed = { $formality ->
    [familiar] Es tut mir leid, ich konnte deine Buchung nicht stornieren. Sie ist, wie sie war.
   *[formal] Es tut mir leid, ich konnte Ihre Buchung nicht stornieren. Sie ist, wie sie war.
}

flight-on-time = Der Flug von { $status-from } nach { $status-to } ist pünktlich. Er startet um { $status-departs } von Gate { $status-gate }.
flight-delayed = Der Flug von { $status-from } nach { $status-to } ist verspätet. Er startet jetzt um { $status-expected } von Gate { $status-gate }.
flight-cancelled = Es tut mir leid, der Flug von { $status-from } nach { $status-to } ist gestrichen.

queue-place = { $formality ->
    [familiar] Du bist an { SPELL($place, as: "ordinal-r") } Stelle. Bitte bleib dran.
   *[formal] Sie sind an { SPELL($place, as: "ordinal-r") } Stelle. Bitte bleiben Sie dran.
}
queue-wait = { $formality ->
    [familiar] Du bist
   *[formal] Sie sind
} an { SPELL($place, as: "ordinal-r") } Stelle. Es dauert ungefähr { $minutes ->
    [one] eine Minute
   *[other] { SPELL($minutes, as: "feminine") } Minuten
}. { $formality ->
    [familiar] Bitte bleib dran.
   *[formal] Bitte bleiben Sie dran.
}

answer-cost-rebook = { $formality ->
    [familiar] Es kostet dich nichts, und du bekommst eine Gutschrift von { $offers-credit }.
   *[formal] Es kostet Sie nichts, und Sie bekommen eine Gutschrift von { $offers-credit }.
}
answer-cost-cancel = { $formality ->
    [familiar] Es kostet dich nichts weiter, und { $terms-refund } werden erstattet.
   *[formal] Es kostet Sie nichts weiter, und { $terms-refund } werden erstattet.
}
answer-cost = Ein neuer Flug für einen gestrichenen kostet nichts. { $formality ->
    [familiar] Was du für eine stornierte Buchung zurückbekommst, sage ich dir, bevor ich etwas tue.
   *[formal] Was Sie für eine stornierte Buchung zurückbekommen, sage ich Ihnen, bevor ich etwas tue.
}
answer-baggage = { $formality ->
    [familiar] Dein Gepäck kommt mit auf den neuen Flug. Du musst nichts tun.
   *[formal] Ihr Gepäck kommt mit auf den neuen Flug. Sie müssen nichts tun.
}

doing-assign-seat = { $formality ->
    [familiar] Ich besorge dir einen Platz.
   *[formal] Ich besorge Ihnen einen Platz.
}
doing-apply-credit = { $formality ->
    [familiar] Ich trage deine Gutschrift ein.
   *[formal] Ich trage Ihre Gutschrift ein.
}
doing-update-booking = { $formality ->
    [familiar] Ich ändere deine Buchung.
   *[formal] Ich ändere Ihre Buchung.
}
doing-send-confirmation = { $formality ->
    [familiar] Ich schicke dir eine Bestätigung.
   *[formal] Ich schicke Ihnen eine Bestätigung.
}
doing-cancel-booking = { $formality ->
    [familiar] Ich storniere deine Buchung.
   *[formal] Ich storniere Ihre Buchung.
}
doing-refund-fare = { $formality ->
    [familiar] Ich veranlasse deine Erstattung.
   *[formal] Ich veranlasse Ihre Erstattung.
}

# Nicht die Buchung, von der vorher die Rede war.
other-words = eine andere buchung; die andere buchung; meine andere buchung; eine andere reservierung; ein anderes ticket

# Wie Anrufer nennen, wonach sie gefragt wurden, wenn sie es berichtigen; durch Strichpunkte getrennt.
input-code-words = code; buchungscode; buchungsnummer; reservierungscode
input-pin-words = pin; geheimzahl; geheimnummer
input-flight-words = flug; flugnummer

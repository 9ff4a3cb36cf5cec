# Was der Laden auf Deutsch sagt.
# [familiar] duzt, [formal] siezt; `familiar` in pack.yaml entscheidet.

greeting = { $formality ->
    [familiar] Danke für deinen Anruf im Laden. Ich bin ein automatischer Assistent. Wie kann ich dir helfen?
   *[formal] Danke für Ihren Anruf im Laden. Ich bin ein automatischer Assistent. Wie kann ich Ihnen helfen?
}

skill-return = die Rückgabe eines Artikels veranlassen

ask-order = { $formality ->
    [familiar] Wie lautet deine Bestellnummer?
   *[formal] Wie lautet Ihre Bestellnummer?
}
ask-order-again = { $formality ->
    [familiar] Entschuldigung, ich brauche die sechs Ziffern deiner Bestellnummer. Bitte sag sie einzeln.
   *[formal] Entschuldigung, ich brauche die sechs Ziffern Ihrer Bestellnummer. Bitte sagen Sie sie einzeln.
}
ask-pin = { $formality ->
    [familiar] Und die vierstellige PIN deiner Bestellung?
   *[formal] Und die vierstellige PIN Ihrer Bestellung?
}
ask-pin-again = { $formality ->
    [familiar] Entschuldigung, bitte sag die vier Ziffern deiner PIN einzeln.
   *[formal] Entschuldigung, bitte sagen Sie die vier Ziffern Ihrer PIN einzeln.
}
ask-reason = { $formality ->
    [familiar] Warum möchtest du ihn zurückgeben? Ist er beschädigt, ist es der falsche Artikel, oder hast du es dir anders überlegt?
   *[formal] Warum möchten Sie ihn zurückgeben? Ist er beschädigt, ist es der falsche Artikel, oder haben Sie es sich anders überlegt?
}
ask-reason-again = { $formality ->
    [familiar] Entschuldigung, ist er beschädigt, ist es der falsche Artikel, oder hast du es dir anders überlegt?
   *[formal] Entschuldigung, ist er beschädigt, ist es der falsche Artikel, oder haben Sie es sich anders überlegt?
}

no-such-order = Ich finde keine Bestellung mit dieser Nummer.
wrong-pin = Diese PIN gehört nicht zu der Bestellung.
nothing-to-return = In dieser Bestellung ist nichts, was zurückgegeben werden könnte.
not-returnable = Es tut mir leid, der Artikel { $item-name } kann nicht zurückgegeben werden.
return-too-late = Es tut mir leid, die Frist für die Rückgabe ist abgelaufen.
not-allowed = Es tut mir leid, das darf ich nicht tun.
refund-too-high = Es tut mir leid, eine Erstattung von { $terms-refund } ist mehr, als ich geben darf.

offer-items = { $formality ->
    [familiar] Welchen Artikel möchtest du zurückgeben?
   *[formal] Welchen Artikel möchten Sie zurückgeben?
}
offer-items-option = { $option }: { $name }.

read-back-return = { $formality ->
    [familiar] Ich erstatte { $terms-refund } für den Artikel { $item-name }, und du schickst ihn an uns zurück. Soll ich das tun?
   *[formal] Ich erstatte { $terms-refund } für den Artikel { $item-name }, und Sie schicken ihn an uns zurück. Soll ich das tun?
}
read-back-return-short = Eine Erstattung von { $terms-refund } für den Artikel { $item-name }. Soll ich das tun?
return-done = { $formality ->
    [familiar] Deine Erstattung von { $refund-amount } ist unterwegs. Der Code deines Rücksendeetiketts ist { $stock-label }. Eine Bestätigung ist auch unterwegs.
   *[formal] Ihre Erstattung von { $refund-amount } ist unterwegs. Der Code Ihres Rücksendeetiketts ist { $stock-label }. Eine Bestätigung ist auch unterwegs.
}
return-failed = Es tut mir leid, ich konnte die Rückgabe nicht veranlassen. Es wurde nichts geändert.

answer-cost-return = { $formality ->
    [familiar] Das Zurückschicken kostet dich nichts, und { $terms-refund } werden erstattet.
   *[formal] Das Zurückschicken kostet Sie nichts, und { $terms-refund } werden erstattet.
}
answer-cost = { $formality ->
    [familiar] Etwas zurückzuschicken kostet dich nichts. Wie viel erstattet wird, sage ich dir, bevor ich etwas tue.
   *[formal] Etwas zurückzuschicken kostet Sie nichts. Wie viel erstattet wird, sage ich Ihnen, bevor ich etwas tue.
}

doing-refund-payment = { $formality ->
    [familiar] Ich veranlasse deine Erstattung.
   *[formal] Ich veranlasse Ihre Erstattung.
}

# Nicht die Bestellung, von der vorher die Rede war.
other-words = eine andere bestellung; die andere bestellung; meine andere bestellung

# Wie Anrufer nennen, wonach sie gefragt wurden, wenn sie es berichtigen; durch Strichpunkte getrennt.
input-order-words = bestellung; bestellnummer; auftragsnummer
input-pin-words = pin; geheimzahl; geheimnummer
input-reason-words = grund

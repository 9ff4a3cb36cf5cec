# Sentences of every pack. A pack may write over any of them by giving its own under the same key.

greeting = Hello. I am an automated assistant. How can I help you?
consent-recording = Hello. May this call be recorded, so that we can show what was agreed? Please say yes or no.
recording-on = Thank you. The call is being recorded.
recording-off = All right, the call is not recorded.
ask-what = How can I help you?
rephrase-open = Sorry, I did not get that. Please tell me in a few words what you would like to do.
help = I can { $skills }. You can also say: talk to a person. What would you like to do?
anything-else = Is there anything else I can do for you?
go-on = All right. What else can I do for you?
unsure-skill = Would you like to { $skill }?
not-understood = Sorry, I did not get that.
did-you-say = Did you say { $value }?
option-by-number = number { $number }
yes-or-no = Please say yes or no.
yes-or-no-keys = Please say yes or no, or press 1 for yes and 2 for no.
keys-digits = You can also type it on your telephone, one digit after the other.
keys-choice = Please say its number, or press it on your telephone.
spell-with-words = It helps if you say it slowly and use words for the letters, such as K as in kilo.
choose-one-of = You can say: { $options }.
spelled = I spell: { $codes }.
list-or = { $first } or { $last }
take-your-time = Take your time.
language-switched = Of course. We can go on in English.
lost-for-words = I am sorry, I cannot put this into words.

heard-value = I heard { $value }.
heard-skill = You would like to { $skill }.
rating-again = Please say or press a number from one, not at all satisfied, to five, very satisfied.
rating-noted = Thank you, I have noted that.
back-to = Now back to where we were.
next-wish = Now to the other thing you asked for: { $skill }.
several-wishes = Let us take one after the other: { $skills }.
noted-wish = I will come to that next: { $skills }.
change-of-mind = All right, then instead: { $skill }.
not-wanted = All right, not that. What would you like to do instead?
left-there = All right, I have left that as it was.
corrected = All right, { $value }.
last-time = Before we go on: last time you wanted to { $skill }, and here is how that ended.
last-time-failed = It could not be done, and nothing was changed.
last-time-doubt = It could not be told whether it went through, so somebody here is looking into it.
last-time-running = What you wanted last time is still being worked on: { $skill }.
last-time-approval = What you wanted last time still waits for somebody to approve it: { $skill }.
last-time-language = Last time we spoke English. If you prefer that, just say: in English please.
last-time-open = There is something that we did not get to the end of last time.
as-last-time = I take what you told me last time: { $value }.
recalled = You told me: { $values }.
recalled-nothing = You have not told me anything of that kind yet.
with-known = I go on with what you told me before: { $values }.

progress = One moment, please.
progress-again = I am still working on it. Thank you for waiting.
acting = All right. One moment.
still-working = I am still working on it. I will tell you as soon as it is settled.
claim-done = It is done.
not-confirmed = All right, I have not changed anything. What would you like to do instead?
abandoned = All right, I have stopped there. What would you like to do?
offer-human = Shall I connect you to a colleague?
in-doubt = I am sorry. I cannot tell whether this went through, so somebody has to look at it.
awaiting-approval = Somebody here has to approve this first. That can take a while, and until then it is not settled.
approval-call-back = Shall we call you back with the outcome?
core-unavailable = I am sorry. I cannot reach our systems just now.

handover-asked = Certainly. Please hold while I find somebody for you.
handover-refused = Let me bring in a colleague who can decide this. Please hold.
handover-misunderstood = I am sorry that I do not understand you. Please hold while I find a colleague for you.
handover-not-found = I cannot get any further with that. Please hold while I find a colleague who can help you.
handover-failed = Please hold while I find a colleague who can help you.
handover-doubt = Please hold while I find a colleague who can check it with you.
still-connecting = I am still trying to reach somebody. Please hold.
no-human = I am sorry, nobody is free at the moment. Shall we call you back?
ask-number = On which number can we call you? Please say it digit by digit, or key it on your telephone.
ask-number-again = Sorry, I need the whole number, seven to fifteen digits. Please say it slowly, digit by digit.
read-back-number = I have { $number }. Is that right?
call-back-noted = All right. I am passing on that you would like to be called back. Goodbye.
call-back-failed = I am sorry, I cannot arrange a call back just now.
ask-call-time = When shall we call you? Say "as soon as possible", or a time.
ask-call-time-again = Sorry, I need a time, such as "tomorrow at nine". For as soon as possible press 1.
read-back-call-time = We will call you { $when }. Is that all right?
call-time-today = today between { $from } and { $to }
call-time-tomorrow = tomorrow between { $from } and { $to }
call-time-on = on { $day } between { $from } and { $to }
call-back-promised = All right. We will call you { $when }. Goodbye.
call-back-instead = Press 1 if you would rather be called back.
called-back = Hello. I am calling because you asked us to call you back. Is this a good moment to talk?
returned = You are back with me. What else can I do for you?
handed-back = The person you talked with has asked me to finish this with you. What is left to do?

still-there = Are you still there?
still-there-again = I cannot hear you.
farewell = Thank you for calling. Goodbye.
farewell-silence = I cannot hear you, so I am ending the call. Please call again at any time. Goodbye.

brief-who = The caller's number is { $caller }.
brief-who-unknown = The caller's number is not known.
brief-verified = They have been identified for { $verified }.
brief-not-verified = They have not been identified.
brief-asked = They want to { $skill }.
brief-asked-nothing = They have not said what they want.
brief-done = Done so far. { $claims }
brief-part-done = These steps are done: { $actions }.
brief-nothing-done = Nothing has been changed.
brief-running = A plan is running. Its outcome is not known yet.
brief-approval = A plan waits for an approval. Its outcome is not known yet.
brief-doubt = Nobody can tell whether the last step took effect. Please check.
brief-called = We have called them back, as was promised. When they asked for it: { $before }
brief-open-asked = They asked for a person.
brief-open-refused = I had to tell them: { $why }
brief-open-value = It is about more than I may decide alone.
brief-open-misunderstood = I could not understand them.
brief-open-not-found = What they gave me could not be found.
brief-open-failed = I could not do it.
brief-open-unavailable = I could not reach our systems.
brief-open-approval = They want to hear whether it is approved.

transfer-connecting = Thank you for holding. I am connecting you now.
transfer-accept = Press 1 or say yes to take the call. Press 2 or say no to leave it.
transfer-ask-again = Will you take the call? Please press 1 or say yes, or press 2 or say no.
transfer-connected = Thank you. You are connected.
hand-back-words = finish this for me; please take over again; I give you back to the assistant
stay-words = stay with us; keep listening
leave-words = you can leave us; stop listening
other-words = another one; a different one; the other one; something else
machine-words = leave a message; leave your message; leave us a message; after the tone; after the beep; at the tone; voice mail; voicemail; mailbox; is not available; cannot take your call; can't take your call; unable to take your call; record your message; press one for; press 1 for; press one to; press 1 to; for sales press; for support press; for service press; press the star key; press the hash key; press the pound key; main menu; following options; your call is important; number you have dialed; number you have dialled
whisper-failed = What I was doing for the caller did not work. What had been done was taken back.
closing-down = I am sorry, we have to end this call for technical reasons. Please call again in a few minutes. Goodbye.

# How facts are put into words. `SPELL($n, as: "...")` is a number by a set of rules of the tables, `cardinal` without `as`.
# $part is the part of the day, $tens the first figure of the minutes, $mm both, $left the minutes to the $next hour.

say-weekday = { $weekday ->
    [1] Monday
    [2] Tuesday
    [3] Wednesday
    [4] Thursday
    [5] Friday
    [6] Saturday
   *[7] Sunday
}
say-month = { $month ->
    [1] January
    [2] February
    [3] March
    [4] April
    [5] May
    [6] June
    [7] July
    [8] August
    [9] September
    [10] October
    [11] November
   *[12] December
}
say-date = { say-weekday }, { say-month } { $day }
say-time = { $minute ->
    [0] { $hour ->
        [0] midnight
        [12] noon
       *[other] { $twelve } { $part }
    }
   *[other] { $tens ->
        [0] { $twelve } oh { $minute } { $part }
       *[other] { $twelve }:{ $minute } { $part }
    }
}
# Other ways to say a time, as callers may, parted by semicolons.
say-time-forms = { $twelve } { $mm }; { $twelve }{ $mm }; { $hour } { $mm }; { SPELL($hour) } { SPELL($minute) }; { $minute ->
    [0] { SPELL($twelve) } oclock; at { SPELL($twelve) }
    [15] quarter past { SPELL($twelve) }; { SPELL($twelve) } fifteen
    [30] half past { SPELL($twelve) }; { SPELL($twelve) } thirty
    [45] quarter to { SPELL($next) }; { SPELL($twelve) } forty five
   *[other] { $tens ->
        [0] { SPELL($twelve) } oh { SPELL($minute) }; { SPELL($twelve) } o { SPELL($minute) }; { SPELL($minute) } past { SPELL($twelve) }
        [1] { SPELL($twelve) } { SPELL($minute) }; { SPELL($minute) } past { SPELL($twelve) }
        [2] { SPELL($twelve) } { SPELL($minute) }; { SPELL($minute) } past { SPELL($twelve) }
       *[other] { SPELL($twelve) } { SPELL($minute) }; { SPELL($left) } to { SPELL($next) }
    }
}
say-days = { $n } { $n ->
    [one] day
   *[other] days
}
say-hours = { $n } { $n ->
    [one] hour
   *[other] hours
}
say-minutes = { $n } { $n ->
    [one] minute
   *[other] minutes
}
say-seconds = { $n } { $n ->
    [one] second
   *[other] seconds
}
say-duration-comma = { $first }, { $last }
say-duration-and = { $first } and { $last }
say-list-comma = { $first }, { $last }
say-list-and = { $first } and { $last }
# $whole units and $small ones; $millions tells whether the whole ones are full millions.
say-money = { say-money-whole } and { say-money-small }
say-money-whole = { $whole } { say-unit }
say-money-small = { $small } { say-unit-small }
say-unit = { $currency ->
    [USD] { $whole ->
        [one] dollar
       *[other] dollars
    }
    [EUR] { $whole ->
        [one] euro
       *[other] euros
    }
    [GBP] { $whole ->
        [one] pound
       *[other] pounds
    }
    [KRW] won
    [JPY] yen
   *[other] { $currency }
}
say-unit-small = { $currency ->
    [USD] { $small ->
        [one] cent
       *[other] cents
    }
    [EUR] { $small ->
        [one] cent
       *[other] cents
    }
    [GBP] { $small ->
        [one] penny
       *[other] pence
    }
   *[other] { $small ->
        [one] hundredth
       *[other] hundredths
    }
}
say-minus = minus { $amount }
say-plus = plus { $group }
say-letter = { $word }

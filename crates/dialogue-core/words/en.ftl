# Sentences of every pack. A pack may write over any of them by giving its own under the same key.

greeting = Hello. I am an automated assistant. How can I help you?
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

progress = One moment, please.
progress-again = I am still working on it. Thank you for waiting.
acting = All right. One moment.
still-working = I am still working on it. I will tell you as soon as it is settled.
claim-done = It is done.
not-confirmed = All right, I have not changed anything. What would you like to do instead?
abandoned = All right, I have stopped there. What would you like to do?
offer-human = Shall I connect you to a colleague?
in-doubt = I am sorry. I cannot tell whether this went through, so somebody has to look at it.
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
returned = You are back with me. What else can I do for you?

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
brief-doubt = Nobody can tell whether the last step took effect. Please check.
brief-open-asked = They asked for a person.
brief-open-refused = I had to tell them: { $why }
brief-open-misunderstood = I could not understand them.
brief-open-not-found = What they gave me could not be found.
brief-open-failed = I could not do it.
brief-open-unavailable = I could not reach our systems.

transfer-connecting = Thank you for holding. I am connecting you now.
transfer-accept = Press 1 or say yes to take the call. Press 2 or say no to leave it.
transfer-ask-again = Will you take the call? Please press 1 or say yes, or press 2 or say no.
transfer-connected = Thank you. You are connected.
closing-down = I am sorry, we have to end this call for technical reasons. Please call again in a few minutes. Goodbye.

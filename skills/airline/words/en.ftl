# What the airline's agent says in English. Facts are spoken forms: codes in groups, times as "10:15 in the morning". A fact's name
# may say how: `$x-date` of a time, `$x-words` and `$x-ordinal` of a number, `$x-duration` of minutes or of a text such as `PT2H15M`,
# `$x-phone`, `$x-name` and `$x-spelled` of a text, `$x-count` of a list.

greeting = Thank you for calling the airline. I am an automated assistant. How can I help you?

skill-rebook = rebook a cancelled flight
skill-status = check whether a flight is on time
skill-cancel = cancel a booking

ask-code = What is your booking code?
ask-code-again = Sorry, I need the six letters and digits of your booking code. Please say them one by one.
ask-pin = And your four digit PIN?
ask-pin-again = Sorry, please say the four digits of your PIN one by one.
ask-flight = What are the three digits of the flight number?
ask-flight-again = Sorry, I need the three digits of the flight number, for example two one two.

no-such-booking = I cannot find a booking with that code.
wrong-pin = That PIN does not belong to the booking.
no-such-flight = I do not know a flight with that number.

not-cancelled = Your flight { $booking-flight-number } has not been cancelled, so I cannot move you to another one.
already-cancelled = That booking is cancelled already.
no-flights = I am sorry, there is no other flight with a free seat.
no-refund = I am sorry, this fare is not refunded.
not-allowed = I am sorry, I am not allowed to do that.
credit-too-high = I am sorry, a credit of { $offers-credit } is more than I may give.
credit-limit-reached = I am sorry, no more credit can be given on this booking today.
refund-too-high = I am sorry, a refund of { $terms-refund } is more than I may give.

offer-flights = I am sorry that your flight to { $booking-flight-to } was cancelled. These are the next flights.
offer-flights-option = { $option }: at { $departs }.

read-back-rebook = I will move you to the flight at { $flight-departs }, and give you a credit of { $offers-credit }. Shall I do that?
read-back-rebook-short = The flight at { $flight-departs }, with a credit of { $offers-credit }. Shall I do that?
rebook-done = You are booked on the flight at { $updated-departs }. Your seat is { $seat-number }, and your credit is { $credit-amount }. A confirmation is on its way.
rebook-failed = I am sorry, I could not rebook you. Your booking is as it was before.

read-back-cancel = I will cancel your booking and refund { $terms-refund }. Shall I do that?
cancel-done = Your booking is cancelled, and { $refund-amount } will be refunded. A confirmation is on its way.
cancel-failed = I am sorry, I could not cancel your booking. It is as it was before.

flight-on-time = The flight from { $status-from } to { $status-to } is on time. It leaves at { $status-departs } from gate { $status-gate }.
flight-delayed = The flight from { $status-from } to { $status-to } is delayed. It now leaves at { $status-expected } from gate { $status-gate }.
flight-cancelled = I am sorry, the flight from { $status-from } to { $status-to } is cancelled.

queue-place = You are number { $place } in line. Please hold.
queue-wait = You are number { $place } in line. It will take about { $minutes ->
    [one] one minute
   *[other] { $minutes } minutes
}. Please hold.

answer-cost-rebook = It costs you nothing, and you get a credit of { $offers-credit }.
answer-cost-cancel = It costs you nothing more, and { $terms-refund } will be refunded.
answer-cost = A new flight for a cancelled one costs nothing. What you get back for a booking that you cancel I tell you before I do anything.
answer-baggage = Your baggage comes with you on the new flight. You need do nothing.

doing-assign-seat = I am getting you a seat.
doing-apply-credit = I am adding your credit.
doing-update-booking = I am changing your booking.
doing-send-confirmation = I am sending you a confirmation.
doing-cancel-booking = I am cancelling your booking.
doing-refund-fare = I am arranging your refund.

# Not the booking that was talked about before.
other-words = another booking; a different booking; the other booking; my other booking; another reservation; another ticket

# What callers call what they were asked for, when they put it right; parted by semicolons.
input-code-words = code; booking code; booking reference; confirmation code; reference
input-pin-words = pin; pin number
input-flight-words = flight; flight number

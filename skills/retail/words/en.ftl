# What the shop's agent says in English.

greeting = Thank you for calling the shop. I am an automated assistant. How can I help you?

skill-return = return an item of an order

ask-order = What is your order number?
ask-order-again = Sorry, I need the six digits of your order number. Please say them one by one.
ask-pin = And the four digit PIN of your order?
ask-pin-again = Sorry, please say the four digits of your PIN one by one.
ask-reason = Why would you like to return it? Is it damaged, is it the wrong item, or have you changed your mind?
ask-reason-again = Sorry, is it damaged, is it the wrong item, or have you changed your mind?

no-such-order = I cannot find an order with that number.
wrong-pin = That PIN does not belong to the order.
nothing-to-return = There is nothing in that order that could be returned.
not-returnable = I am sorry, { $item-name } cannot be returned.
return-too-late = I am sorry, the time for returning it has passed.
not-allowed = I am sorry, I am not allowed to do that.
refund-too-high = I am sorry, a refund of { $terms-refund } is more than I may give.

offer-items = Which item would you like to return?
offer-items-option = { $option }: { $name }.

read-back-return = I will refund { $terms-refund } for { $item-name }, and you send it back to us. Shall I do that?
read-back-return-short = A refund of { $terms-refund } for { $item-name }. Shall I do that?
return-done = Your refund of { $refund-amount } is on its way. The code of your return label is { $stock-label }. A confirmation is on its way too.
return-failed = I am sorry, I could not arrange the return. Nothing has been changed.

answer-cost-return = Sending it back costs you nothing, and { $terms-refund } will be refunded.
answer-cost = Sending something back costs you nothing. How much is refunded I tell you before I do anything.

doing-refund-payment = I am arranging your refund.

# Not the order that was talked about before.
other-words = another order; a different order; the other order; my other order

# What callers call what they were asked for, when they put it right; parted by semicolons.
input-order-words = order; order number
input-pin-words = pin; pin number
input-reason-words = reason

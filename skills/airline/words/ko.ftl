# 항공사 상담 도우미가 한국어로 하는 말.

greeting = 항공사에 전화해 주셔서 감사합니다. 자동 상담 도우미입니다. 무엇을 도와드릴까요?

skill-rebook = 취소된 항공편 변경
skill-status = 항공편 운항 확인
skill-cancel = 예약 취소

ask-code = 예약 번호를 말씀해 주세요.
ask-code-again = 죄송합니다. 예약 번호 여섯 자리를 한 글자씩 말씀해 주세요.
ask-pin = 비밀번호 네 자리를 말씀해 주세요.
ask-pin-again = 죄송합니다. 비밀번호 네 자리를 한 자리씩 말씀해 주세요.
ask-flight = 항공편 번호 숫자 세 자리를 말씀해 주세요.
ask-flight-again = 죄송합니다. 항공편 번호 숫자 세 자리를 말씀해 주세요. 예를 들어 이, 일, 이처럼요.

no-such-booking = 그 번호로 된 예약을 찾을 수 없습니다.
wrong-pin = 비밀번호가 예약과 맞지 않습니다.
no-such-flight = 그 번호의 항공편을 찾을 수 없습니다.

not-cancelled = 고객님의 항공편 { $booking-flight-number }{ AFTER($booking-flight-number, vowel: "는", other: "은") } 취소되지 않았으므로 다른 편으로 바꿔 드릴 수 없습니다.
already-cancelled = 그 예약은 이미 취소되었습니다.
no-flights = 죄송합니다. 좌석이 남은 다른 항공편이 없습니다.
no-refund = 죄송합니다. 이 운임은 환불되지 않습니다.
not-allowed = 죄송합니다. 그 일은 제가 해 드릴 수 없습니다.
credit-too-high = 죄송합니다. { $offers-credit } 적립은 제가 드릴 수 있는 금액을 넘습니다.
credit-limit-reached = 죄송합니다. 오늘은 이 예약에 더 이상 적립해 드릴 수 없습니다.
refund-too-high = 죄송합니다. { $terms-refund } 환불은 제가 드릴 수 있는 금액을 넘습니다.

offer-flights = 항공편이 취소되어 죄송합니다. 다음 항공편이 있습니다.
offer-flights-option = { $option }번, { $departs }.

read-back-rebook = { $flight-departs } 항공편으로 바꾸고 { $offers-credit }{ AFTER($offers-credit, vowel: "를", other: "을") } 적립해 드리겠습니다. 그렇게 할까요?
read-back-rebook-short = { $flight-departs } 항공편, { $offers-credit } 적립입니다. 그렇게 할까요?
rebook-done = { $updated-departs } 항공편으로 예약되었습니다. 좌석은 { $seat-number }{ AFTER($seat-number, vowel: "고", other: "이고") }, 적립금은 { $credit-amount }입니다. 확인서를 보내 드렸습니다.
rebook-failed = 죄송합니다. 항공편을 바꾸지 못했습니다. 예약은 그대로입니다.

read-back-cancel = 예약을 취소하고 { $terms-refund }{ AFTER($terms-refund, vowel: "를", other: "을") } 환불해 드리겠습니다. 그렇게 할까요?
cancel-done = 예약이 취소되었고 { $refund-amount }{ AFTER($refund-amount, vowel: "가", other: "이") } 환불됩니다. 확인서를 보내 드렸습니다.
cancel-failed = 죄송합니다. 예약을 취소하지 못했습니다. 예약은 그대로입니다.

flight-on-time = { $status-from } 출발 { $status-to } 도착 항공편은 정시에 출발합니다. 출발 시각은 { $status-departs }{ AFTER($status-departs, vowel: "고", other: "이고") }, 탑승구는 { $status-gate }입니다.
flight-delayed = { $status-from } 출발 { $status-to } 도착 항공편이 지연되었습니다. 새 출발 시각은 { $status-expected }{ AFTER($status-expected, vowel: "고", other: "이고") }, 탑승구는 { $status-gate }입니다.
flight-cancelled = 죄송합니다. { $status-from } 출발 { $status-to } 도착 항공편은 취소되었습니다.

queue-place = 대기 순서는 { SPELL($place, as: "ordinal") }입니다. 잠시만 기다려 주세요.
queue-wait = 대기 순서는 { SPELL($place, as: "ordinal") }이고, 약 { SPELL($minutes) } 분 걸립니다. 잠시만 기다려 주세요.

answer-cost-rebook = 비용은 없으며, { $offers-credit }{ AFTER($offers-credit, vowel: "를", other: "을") } 적립해 드립니다.
answer-cost-cancel = 추가 비용은 없으며, { $terms-refund }{ AFTER($terms-refund, vowel: "가", other: "이") } 환불됩니다.
answer-cost = 취소된 항공편의 변경은 무료입니다. 예약을 취소하시는 경우 환불 금액을 먼저 알려 드립니다.
answer-baggage = 수하물은 새 항공편으로 함께 옮겨집니다. 따로 하실 일은 없습니다.

doing-assign-seat = 좌석을 잡고 있습니다.
doing-apply-credit = 적립금을 등록하고 있습니다.
doing-update-booking = 예약을 변경하고 있습니다.
doing-send-confirmation = 확인 메시지를 보내고 있습니다.
doing-cancel-booking = 예약을 취소하고 있습니다.
doing-refund-fare = 환불을 처리하고 있습니다.

# 앞서 말한 예약이 아닌 경우.
other-words = 다른 예약; 다른 표

# 고쳐 말할 때 질문받은 것을 부르는 말. 쌍반점으로 나눈다.
input-code-words = 예약 번호; 예약번호; 예약 코드; 코드
input-pin-words = 비밀번호; 핀 번호; 핀번호
input-flight-words = 항공편; 편명

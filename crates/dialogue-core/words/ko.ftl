# 모든 팩에 공통인 문장. 같은 키로 팩에서 바꿀 수 있다.

greeting = 안녕하세요. 자동 상담 도우미입니다. 무엇을 도와드릴까요?
consent-recording = 안녕하세요. 합의한 내용을 확인할 수 있도록 이 통화를 녹음해도 될까요? 네 또는 아니요로 말씀해 주세요.
recording-on = 감사합니다. 통화가 녹음됩니다.
recording-off = 알겠습니다. 통화는 녹음되지 않습니다.
ask-what = 무엇을 도와드릴까요?
rephrase-open = 죄송합니다, 잘 못 알아들었습니다. 원하시는 것을 짧게 말씀해 주세요.
help = 제가 도와드릴 수 있는 것은 { $skills }입니다. 상담원 연결이라고 말씀하셔도 됩니다. 무엇을 도와드릴까요?
anything-else = 더 도와드릴 것이 있을까요?
go-on = 알겠습니다. 다른 것을 도와드릴까요?
unsure-skill = { $skill }{ AFTER($skill, vowel: "를", other: "을") } 원하시는 게 맞나요?
not-understood = 죄송합니다, 잘 못 알아들었습니다.
did-you-say = { $value }{ AFTER($value, vowel: "가", other: "이") } 맞습니까?
option-by-number = { $number }번
yes-or-no = 네 또는 아니요로 말씀해 주세요.
yes-or-no-keys = 네 또는 아니요로 말씀하시거나, 네는 1번, 아니요는 2번을 눌러 주세요.
keys-digits = 전화기의 숫자를 하나씩 누르셔도 됩니다.
keys-choice = 번호를 말씀하시거나 전화기에서 눌러 주세요.
spell-with-words = 한 글자씩 천천히 말씀해 주세요. 예를 들어 케이, 칠, 엠처럼요.
choose-one-of = { $options } 중에서 말씀해 주세요.
spelled = 한 글자씩 말씀드리겠습니다. { $codes }.
list-or = { $first } 또는 { $last }
take-your-time = 천천히 하세요.
language-switched = 네, 한국어로 계속하겠습니다.
lost-for-words = 죄송합니다, 이 내용을 말씀드릴 수가 없습니다.

heard-value = { $value }, 이렇게 들었습니다.
heard-skill = { $skill } 말씀이시군요.
rating-again = 매우 불만족은 일, 매우 만족은 오로, 일에서 오까지의 숫자를 말씀하시거나 눌러 주세요.
rating-noted = 감사합니다. 기록해 두었습니다.
back-to = 이제 하던 일로 돌아가겠습니다.
next-wish = 이제 함께 말씀하신 일입니다: { $skill }.
several-wishes = 하나씩 차례대로 도와드리겠습니다: { $skills }.
noted-wish = 그 일은 다음에 이어서 도와드리겠습니다: { $skills }.
change-of-mind = 네, 그럼 대신 도와드리겠습니다: { $skill }.
not-wanted = 네, 그건 하지 않겠습니다. 대신 무엇을 도와드릴까요?
left-there = 네, 그대로 두었습니다.
corrected = 네, { $value }.
last-time = 먼저 지난번에 요청하신 일의 결과를 알려 드립니다: { $skill }.
last-time-failed = 처리하지 못했으며, 바뀐 것은 없습니다.
last-time-doubt = 처리되었는지 확인되지 않아 담당자가 살펴보고 있습니다.
last-time-running = 지난번에 요청하신 일은 아직 처리 중입니다: { $skill }.
last-time-approval = 지난번에 요청하신 일은 아직 승인을 기다리고 있습니다: { $skill }.
last-time-language = 지난번에는 한국어로 말씀하셨습니다. 한국어가 편하시면 한국어로 해 달라고 말씀해 주세요.
last-time-open = 지난번에 마치지 못한 일이 있습니다.
as-last-time = 지난번에 말씀하신 대로 진행하겠습니다: { $value }.
recalled = 말씀하신 내용입니다: { $values }.
recalled-nothing = 아직 그런 내용을 말씀하지 않으셨습니다.
with-known = 앞서 말씀하신 내용으로 진행하겠습니다: { $values }.

progress = 잠시만 기다려 주세요.
progress-again = 아직 처리하고 있습니다. 기다려 주셔서 감사합니다.
acting = 알겠습니다. 잠시만요.
still-working = 아직 처리하고 있습니다. 끝나는 대로 말씀드리겠습니다.
claim-done = 처리되었습니다.
not-confirmed = 알겠습니다. 아무것도 바꾸지 않았습니다. 대신 무엇을 도와드릴까요?
abandoned = 알겠습니다. 여기서 멈추겠습니다. 무엇을 도와드릴까요?
offer-human = 상담원을 연결해 드릴까요?
in-doubt = 죄송합니다. 처리가 되었는지 확인할 수 없어서 담당자가 살펴봐야 합니다.
awaiting-approval = 먼저 담당자의 승인이 필요합니다. 시간이 걸릴 수 있으며, 그때까지는 결정된 것이 없습니다.
approval-call-back = 결과가 나오면 전화를 드릴까요?
core-unavailable = 죄송합니다. 지금은 저희 시스템에 연결할 수 없습니다.

handover-asked = 네, 상담원을 찾는 동안 잠시만 기다려 주세요.
handover-refused = 이 일을 결정할 수 있는 상담원을 연결하겠습니다. 잠시만 기다려 주세요.
handover-misunderstood = 제대로 알아듣지 못해 죄송합니다. 상담원을 찾는 동안 잠시만 기다려 주세요.
handover-not-found = 그 정보로는 더 진행할 수 없습니다. 도와드릴 수 있는 상담원을 찾는 동안 잠시만 기다려 주세요.
handover-failed = 도와드릴 수 있는 상담원을 찾는 동안 잠시만 기다려 주세요.
handover-doubt = 함께 확인해 드릴 상담원을 찾는 동안 잠시만 기다려 주세요.
still-connecting = 아직 상담원을 찾고 있습니다. 조금만 더 기다려 주세요.
no-human = 죄송합니다. 지금은 통화할 수 있는 상담원이 없습니다. 다시 전화를 드릴까요?
ask-number = 어느 번호로 전화를 드릴까요? 한 자리씩 말씀하시거나 전화기에서 눌러 주세요.
ask-number-again = 죄송합니다. 일곱 자리에서 열다섯 자리까지의 전체 번호가 필요합니다. 한 자리씩 천천히 말씀해 주세요.
read-back-number = { $number }, 이 번호가 맞습니까?
call-back-noted = 알겠습니다. 전화를 원하신다고 전하겠습니다. 안녕히 계세요.
call-back-failed = 죄송합니다. 지금은 다시 전화를 드리도록 예약할 수 없습니다.
ask-call-time = 언제 전화를 드릴까요? "최대한 빨리" 또는 시간을 말씀해 주세요.
ask-call-time-again = 죄송합니다. "내일 아홉 시"처럼 시간을 말씀해 주세요. 최대한 빨리 받으시려면 1번을 눌러 주세요.
read-back-call-time = { $when } 전화를 드리겠습니다. 괜찮으신가요?
call-time-today = 오늘 { $from }에서 { $to } 사이에
call-time-tomorrow = 내일 { $from }에서 { $to } 사이에
call-time-on = { $day } { $from }에서 { $to } 사이에
call-back-promised = 알겠습니다. { $when } 전화를 드리겠습니다. 안녕히 계세요.
call-back-instead = 전화를 받기를 원하시면 1번을 눌러 주세요.
called-back = 안녕하세요. 전화를 부탁하셔서 연락드렸습니다. 지금 통화 괜찮으신가요?
returned = 다시 제가 도와드리겠습니다. 무엇을 더 도와드릴까요?
handed-back = 통화하신 상담원이 저에게 나머지를 도와드리라고 했습니다. 무엇이 남았나요?

still-there = 듣고 계신가요?
still-there-again = 말씀이 들리지 않습니다.
farewell = 전화 주셔서 감사합니다. 안녕히 계세요.
farewell-silence = 말씀이 들리지 않아 통화를 마치겠습니다. 언제든지 다시 전화해 주세요. 안녕히 계세요.

brief-who = 발신 번호는 { $caller }입니다.
brief-who-unknown = 발신 번호를 알 수 없습니다.
brief-verified = { $verified }, 본인 확인이 되었습니다.
brief-not-verified = 본인 확인이 되지 않았습니다.
brief-asked = 고객이 원하는 것은 { $skill }입니다.
brief-asked-nothing = 고객이 무엇을 원하는지 말하지 않았습니다.
brief-done = 지금까지 처리된 내용입니다. { $claims }
brief-part-done = 완료된 단계: { $actions }.
brief-nothing-done = 바뀐 것은 없습니다.
brief-running = 처리가 진행 중이며 결과는 아직 모릅니다.
brief-approval = 승인을 기다리는 처리가 있으며 결과는 아직 모릅니다.
brief-doubt = 마지막 단계가 처리되었는지 알 수 없습니다. 확인해 주세요.
brief-called = 약속대로 고객에게 전화를 걸었습니다. 부탁할 때의 내용: { $before }
brief-open-asked = 고객이 상담원을 요청했습니다.
brief-open-refused = 고객에게 이렇게 안내했습니다: { $why }
brief-open-value = 제가 혼자 결정할 수 있는 한도를 넘는 일입니다.
brief-open-misunderstood = 고객의 말을 알아듣지 못했습니다.
brief-open-not-found = 고객이 말한 정보를 찾을 수 없었습니다.
brief-open-failed = 처리하지 못했습니다.
brief-open-unavailable = 시스템에 연결할 수 없었습니다.
brief-open-approval = 승인 여부를 알고 싶어 합니다.

transfer-connecting = 기다려 주셔서 감사합니다. 지금 연결해 드리겠습니다.
transfer-accept = 전화를 받으시려면 1번을 누르거나 네라고 말씀해 주세요. 받지 않으시려면 2번을 누르거나 아니요라고 말씀해 주세요.
transfer-ask-again = 전화를 받으시겠습니까? 1번을 누르거나 네라고, 또는 2번을 누르거나 아니요라고 말씀해 주세요.
transfer-connected = 감사합니다. 연결되었습니다.
hand-back-words = 나머지를 처리해 줘; 나머지를 처리해 주세요; 다시 맡아 주세요
stay-words = 계속 들어 주세요; 같이 있어 주세요
leave-words = 이제 나가 주세요; 그만 들어 주세요
other-words = 다른 걸로; 다른 것; 다른 거
machine-words = 메시지를 남겨; 메세지를 남겨; 삐 소리; 음성사서함; 음성 사서함; 소리샘; 전화를 받을 수 없; 연결이 되지 않아; 없는 번호; 눌러 주십시오; 눌러 주세요; 상담 시간은
whisper-failed = 고객을 위해 진행하던 일이 되지 않았습니다. 처리된 것은 되돌렸습니다.
closing-down = 죄송합니다. 기술적인 문제로 통화를 마쳐야 합니다. 몇 분 후에 다시 전화해 주세요. 안녕히 계세요.

# 날짜, 시간, 금액 등을 말하는 방식. 변수는 en.ftl에 설명되어 있다.

say-weekday = { $weekday ->
    [1] 월요일
    [2] 화요일
    [3] 수요일
    [4] 목요일
    [5] 금요일
    [6] 토요일
   *[7] 일요일
}
say-month = { $month ->
    [6] 유월
    [10] 시월
   *[other] { SPELL($month) }월
}
say-date = { say-month } { SPELL($day) }일 { say-weekday }
say-time = { $part } { SPELL($twelve, as: "native") } 시 { $minute ->
    [0] { "" }
    [30] 반
   *[other] { SPELL($minute) } 분
}
say-time-forms = { $twelve } { $mm }; { $twelve }시 { $minute }분; { SPELL($twelve, as: "native") }시 { $minute }분; { $hour } { $mm }; { $hour }시 { $minute }분; { SPELL($hour) }시 { SPELL($minute) }분; { $minute ->
    [0] { SPELL($twelve, as: "native") }시; { $twelve }시
    [30] { SPELL($twelve, as: "native") }시 반; { SPELL($twelve, as: "native") }시 삼십분; { $twelve }시 반
   *[other] { SPELL($twelve, as: "native") }시 { SPELL($minute) }분
}
say-days = { SPELL($n) } 일
say-hours = { SPELL($n, as: "native") } 시간
say-minutes = { SPELL($n) } 분
say-seconds = { SPELL($n) } 초
say-duration-comma = { $first } { $last }
say-duration-and = { $first } { $last }
say-list-comma = { $first }, { $last }
say-list-and = { $first }, { $last }
say-money = { say-money-whole } { say-money-small }
say-money-whole = { SPELL($whole) } { say-unit }
say-money-small = { SPELL($small) } { say-unit-small }
say-unit = { $currency ->
    [USD] 달러
    [EUR] 유로
    [GBP] 파운드
    [KRW] 원
    [JPY] 엔
   *[other] { $currency }
}
say-unit-small = { $currency ->
    [USD] 센트
    [EUR] 센트
    [GBP] 펜스
   *[other] 센트
}
say-minus = 마이너스 { $amount }
say-plus = 플러스 { $group }
# "킬로 할 때 케이": 전화로 글자를 구별하는 말.
say-letter = { $word } 할 때 { $letter }

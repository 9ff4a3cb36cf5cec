# 상점 상담 도우미가 한국어로 하는 말.

greeting = 저희 상점에 전화해 주셔서 감사합니다. 자동 상담 도우미입니다. 무엇을 도와드릴까요?

skill-return = 주문 상품 반품

ask-order = 주문 번호를 말씀해 주세요.
ask-order-again = 죄송합니다. 주문 번호 여섯 자리를 한 자리씩 말씀해 주세요.
ask-pin = 주문의 비밀번호 네 자리를 말씀해 주세요.
ask-pin-again = 죄송합니다. 비밀번호 네 자리를 한 자리씩 말씀해 주세요.
ask-reason = 반품하시려는 이유가 무엇인가요? 파손, 잘못 온 상품, 단순 변심 중에서 말씀해 주세요.
ask-reason-again = 죄송합니다. 파손되었는지, 다른 상품이 왔는지, 아니면 마음이 바뀌셨는지 말씀해 주세요.

no-such-order = 그 번호로 된 주문을 찾을 수 없습니다.
wrong-pin = 비밀번호가 주문과 맞지 않습니다.
nothing-to-return = 그 주문에는 반품할 수 있는 상품이 없습니다.
not-returnable = 죄송합니다. 이 상품은 반품할 수 없습니다: { item-label }.
return-too-late = 죄송합니다. 반품 기한이 지났습니다.
not-allowed = 죄송합니다. 그 일은 제가 해 드릴 수 없습니다.
refund-too-high = 죄송합니다. { $terms-refund } 환불은 제가 드릴 수 있는 금액을 넘습니다.

offer-items = 어느 상품을 반품하시겠습니까?
offer-items-option = { $option }번, { $id ->
    [headphones-1] 헤드폰
    [gift-card-1] 상품권
    [camera-1] 카메라
    [tripod-1] 삼각대
    [backpack-1] 배낭
   *[other] { $name }
}.

# 상점은 상품 이름을 영어로 알려 줍니다. 시연에 나오는 상품들입니다.
item-label = { $item-id ->
    [headphones-1] 헤드폰
    [gift-card-1] 상품권
    [camera-1] 카메라
    [tripod-1] 삼각대
    [backpack-1] 배낭
   *[other] { $item-name }
}

read-back-return = { item-label } 반품으로 { $terms-refund } 환불해 드리고, 상품은 저희에게 보내 주시면 됩니다. 그렇게 할까요?
read-back-return-short = { item-label }, { $terms-refund } 환불입니다. 그렇게 할까요?
return-done = { $refund-amount } 환불이 진행됩니다. 반품 라벨 번호는 { $stock-label }입니다. 확인서도 보내 드렸습니다.
return-failed = 죄송합니다. 반품을 접수하지 못했습니다. 바뀐 것은 없습니다.

answer-cost-return = 반품 비용은 없으며, { $terms-refund } 환불됩니다.
answer-cost = 상품 반품에는 비용이 들지 않습니다. 반품 라벨을 보내 드립니다.

doing-refund-payment = 환불을 처리하고 있습니다.

# 고쳐 말할 때 질문받은 것을 부르는 말. 쌍반점으로 나눈다.
input-order-words = 주문 번호; 주문번호; 주문
input-pin-words = 비밀번호; 핀 번호; 핀번호
input-reason-words = 이유; 사유

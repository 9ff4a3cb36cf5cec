# Lo que dice el agente de la tienda en español.
# [familiar] tutea, [formal] trata de usted; lo decide `familiar` en pack.yaml.

greeting = Gracias por llamar a la tienda. Soy un asistente automático. { $formality ->
    [familiar] ¿En qué puedo ayudarte?
   *[formal] ¿En qué puedo ayudarle?
}

skill-return = devolver un artículo de un pedido

ask-order = { $formality ->
    [familiar] ¿Cuál es tu número de pedido?
   *[formal] ¿Cuál es su número de pedido?
}
ask-order-again = { $formality ->
    [familiar] Perdona, necesito las seis cifras de tu número de pedido. Dilas una por una.
   *[formal] Perdone, necesito las seis cifras de su número de pedido. Dígalas una por una.
}
ask-pin = { $formality ->
    [familiar] ¿Y el PIN de cuatro cifras de tu pedido?
   *[formal] ¿Y el PIN de cuatro cifras de su pedido?
}
ask-pin-again = { $formality ->
    [familiar] Perdona, di las cuatro cifras de tu PIN una por una.
   *[formal] Perdone, diga las cuatro cifras de su PIN una por una.
}
ask-reason = { $formality ->
    [familiar] ¿Por qué quieres devolverlo? ¿Está dañado, es un artículo equivocado o has cambiado de opinión?
   *[formal] ¿Por qué quiere devolverlo? ¿Está dañado, es un artículo equivocado o ha cambiado de opinión?
}
ask-reason-again = { $formality ->
    [familiar] Perdona, ¿está dañado, es un artículo equivocado o has cambiado de opinión?
   *[formal] Perdone, ¿está dañado, es un artículo equivocado o ha cambiado de opinión?
}

no-such-order = No encuentro ningún pedido con ese número.
wrong-pin = Ese PIN no corresponde al pedido.
nothing-to-return = En ese pedido no hay nada que se pueda devolver.
not-returnable = Lo siento, ese artículo no se puede devolver: { item-label }.
return-too-late = Lo siento, el plazo para devolverlo ha pasado.
not-allowed = Lo siento, no estoy autorizado a hacer eso.
refund-too-high = Lo siento, un reembolso de { $terms-refund } es más de lo que puedo dar.

offer-items = { $formality ->
    [familiar] ¿Qué artículo quieres devolver?
   *[formal] ¿Qué artículo quiere devolver?
}
offer-items-option = { $option }: { $id ->
    [headphones-1] los auriculares
    [gift-card-1] la tarjeta de regalo
    [camera-1] la cámara
    [tripod-1] el trípode
    [backpack-1] la mochila
   *[other] { $name }
}.

# La tienda da los nombres en inglés; estos son los que tiene en la demostración.
item-label = { $item-id ->
    [headphones-1] los auriculares
    [gift-card-1] la tarjeta de regalo
    [camera-1] la cámara
    [tripod-1] el trípode
    [backpack-1] la mochila
   *[other] { $item-name }
}

read-back-return = { $formality ->
    [familiar] Te reembolso { $terms-refund } por { item-label }, y tú nos envías el artículo de vuelta. ¿Lo hago así?
   *[formal] Le reembolso { $terms-refund } por { item-label }, y usted nos envía el artículo de vuelta. ¿Lo hago así?
}
read-back-return-short = Un reembolso de { $terms-refund } por { item-label }. ¿Lo hago así?
return-done = { $formality ->
    [familiar] Tu reembolso de { $refund-amount } está en camino. El código de tu etiqueta de devolución es { $stock-label }. La confirmación también va en camino.
   *[formal] Su reembolso de { $refund-amount } está en camino. El código de su etiqueta de devolución es { $stock-label }. La confirmación también va en camino.
}
return-failed = Lo siento, no he podido tramitar la devolución. No se ha cambiado nada.

answer-cost-return = { $formality ->
    [familiar] La devolución no te cuesta nada, y se te reembolsan { $terms-refund }.
   *[formal] La devolución no le cuesta nada, y se le reembolsan { $terms-refund }.
}
answer-cost = Devolver un artículo no cuesta nada: enviamos una etiqueta de devolución.

doing-refund-payment = { $formality ->
    [familiar] Estoy tramitando tu reembolso.
   *[formal] Estoy tramitando su reembolso.
}

# No el pedido del que se habló antes.
other-words = otro pedido; un pedido distinto; el otro pedido

# Cómo llaman a lo que se les preguntó quienes lo corrigen; separado por puntos y comas.
input-order-words = pedido; número de pedido; número del pedido
input-pin-words = pin; clave; número secreto
input-reason-words = motivo; razón

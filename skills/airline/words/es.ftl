# Lo que dice el agente de la aerolínea en español.
# [familiar] tutea, [formal] trata de usted; lo decide `familiar` en pack.yaml.

greeting = Gracias por llamar a la aerolínea. Soy un asistente automático. { $formality ->
    [familiar] ¿En qué puedo ayudarte?
   *[formal] ¿En qué puedo ayudarle?
}

skill-rebook = cambiar un vuelo cancelado
skill-status = consultar si un vuelo sale a su hora
skill-cancel = cancelar una reserva

ask-code = { $formality ->
    [familiar] ¿Cuál es tu código de reserva?
   *[formal] ¿Cuál es su código de reserva?
}
ask-code-again = { $formality ->
    [familiar] Perdona, necesito las seis letras y cifras de tu código de reserva. Dilas una por una.
   *[formal] Perdone, necesito las seis letras y cifras de su código de reserva. Dígalas una por una.
}
ask-pin = { $formality ->
    [familiar] ¿Y tu PIN de cuatro cifras?
   *[formal] ¿Y su PIN de cuatro cifras?
}
ask-pin-again = { $formality ->
    [familiar] Perdona, di las cuatro cifras de tu PIN una por una.
   *[formal] Perdone, diga las cuatro cifras de su PIN una por una.
}
ask-flight = ¿Cuáles son las tres cifras del número de vuelo?
ask-flight-again = { $formality ->
    [familiar] Perdona, necesito las tres cifras del número de vuelo, por ejemplo dos uno dos.
   *[formal] Perdone, necesito las tres cifras del número de vuelo, por ejemplo dos uno dos.
}

no-such-booking = No encuentro ninguna reserva con ese código.
wrong-pin = Ese PIN no corresponde a la reserva.
no-such-flight = No conozco ningún vuelo con ese número.

not-cancelled = { $formality ->
    [familiar] Tu vuelo { $booking-flight-number } no está cancelado, así que no puedo cambiarlo.
   *[formal] Su vuelo { $booking-flight-number } no está cancelado, así que no puedo cambiarlo.
}
already-cancelled = Esa reserva ya está cancelada.
no-flights = Lo siento, no queda ningún otro vuelo con plazas libres.
no-refund = Lo siento, esta tarifa no se reembolsa.
not-allowed = Lo siento, no estoy autorizado a hacer eso.
credit-too-high = Lo siento, un abono de { $offers-credit } es más de lo que puedo dar.
credit-limit-reached = Lo siento, hoy no se puede dar más abono en esta reserva.
refund-too-high = Lo siento, un reembolso de { $terms-refund } es más de lo que puedo dar.

offer-flights = { $formality ->
    [familiar] Siento que se haya cancelado tu vuelo a { $booking-flight-to }. Estos son los próximos vuelos.
   *[formal] Siento que se haya cancelado su vuelo a { $booking-flight-to }. Estos son los próximos vuelos.
}
offer-flights-option = { $option }: a { $departs }.

read-back-rebook = { $formality ->
    [familiar] Te cambio al vuelo que sale a { $flight-departs } y te doy un abono de { $offers-credit }. ¿Lo hago así?
   *[formal] Le cambio al vuelo que sale a { $flight-departs } y le doy un abono de { $offers-credit }. ¿Lo hago así?
}
read-back-rebook-short = El vuelo que sale a { $flight-departs }, con un abono de { $offers-credit }. ¿Lo hago así?
rebook-done = { $formality ->
    [familiar] Tienes plaza en el vuelo que sale a { $updated-departs }. Tu asiento es { $seat-number } y tu abono es de { $credit-amount }. La confirmación va en camino.
   *[formal] Tiene plaza en el vuelo que sale a { $updated-departs }. Su asiento es { $seat-number } y su abono es de { $credit-amount }. La confirmación va en camino.
}
rebook-failed = { $formality ->
    [familiar] Lo siento, no he podido cambiarte el vuelo. Tu reserva sigue como estaba.
   *[formal] Lo siento, no he podido cambiarle el vuelo. Su reserva sigue como estaba.
}

read-back-cancel = { $formality ->
    [familiar] Cancelo tu reserva y te reembolso { $terms-refund }. ¿Lo hago así?
   *[formal] Cancelo su reserva y le reembolso { $terms-refund }. ¿Lo hago así?
}
cancel-done = { $formality ->
    [familiar] Tu reserva está cancelada y se te reembolsarán { $refund-amount }. La confirmación va en camino.
   *[formal] Su reserva está cancelada y se le reembolsarán { $refund-amount }. La confirmación va en camino.
}
cancel-failed = { $formality ->
    [familiar] Lo siento, no he podido cancelar tu reserva. Sigue como estaba.
   *[formal] Lo siento, no he podido cancelar su reserva. Sigue como estaba.
}

flight-on-time = El vuelo de { $status-from } a { $status-to } sale a su hora, a { $status-departs }, por la puerta { $status-gate }.
flight-delayed = El vuelo de { $status-from } a { $status-to } lleva retraso. Ahora sale a { $status-expected } por la puerta { $status-gate }.
flight-cancelled = Lo siento, el vuelo de { $status-from } a { $status-to } está cancelado.

queue-place = { $formality ->
    [familiar] Eres el número { $place } de la cola. No cuelgues, por favor.
   *[formal] Es usted el número { $place } de la cola. No cuelgue, por favor.
}
queue-wait = { $formality ->
    [familiar] Eres
   *[formal] Es usted
} el número { $place } de la cola. Tardaremos { $minutes ->
    [one] un minuto
   *[other] unos { SPELL($minutes, as: "masculine") } minutos
}. { $formality ->
    [familiar] No cuelgues, por favor.
   *[formal] No cuelgue, por favor.
}

answer-cost-rebook = { $formality ->
    [familiar] No te cuesta nada, y recibes un abono de { $offers-credit }.
   *[formal] No le cuesta nada, y recibe un abono de { $offers-credit }.
}
answer-cost-cancel = { $formality ->
    [familiar] No te cuesta nada más, y se te devuelven { $terms-refund }.
   *[formal] No le cuesta nada más, y se le devuelven { $terms-refund }.
}
answer-cost = Cambiar un vuelo cancelado no cuesta nada. { $formality ->
    [familiar] Si cancelas una reserva, te digo cuánto se te devuelve antes de hacer nada.
   *[formal] Si cancela una reserva, le digo cuánto se le devuelve antes de hacer nada.
}
answer-baggage = { $formality ->
    [familiar] Tu equipaje va contigo en el vuelo nuevo. No tienes que hacer nada.
   *[formal] Su equipaje va con usted en el vuelo nuevo. No tiene que hacer nada.
}

doing-assign-seat = { $formality ->
    [familiar] Te estoy buscando un asiento.
   *[formal] Le estoy buscando un asiento.
}
doing-apply-credit = { $formality ->
    [familiar] Estoy anotando tu abono.
   *[formal] Estoy anotando su abono.
}
doing-update-booking = { $formality ->
    [familiar] Estoy cambiando tu reserva.
   *[formal] Estoy cambiando su reserva.
}
doing-send-confirmation = { $formality ->
    [familiar] Te estoy enviando la confirmación.
   *[formal] Le estoy enviando la confirmación.
}
doing-cancel-booking = { $formality ->
    [familiar] Estoy cancelando tu reserva.
   *[formal] Estoy cancelando su reserva.
}
doing-refund-fare = { $formality ->
    [familiar] Estoy tramitando tu reembolso.
   *[formal] Estoy tramitando su reembolso.
}

# No la reserva de la que se habló antes.
other-words = otra reserva; una reserva distinta; otro billete; la otra reserva

# Cómo llaman a lo que se les preguntó quienes lo corrigen; separado por puntos y comas.
input-code-words = código; código de reserva; localizador; referencia
input-pin-words = pin; clave; número secreto
input-flight-words = vuelo; número de vuelo

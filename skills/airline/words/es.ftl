# Lo que dice el agente de la aerolínea en español.

greeting = Gracias por llamar a la aerolínea. Soy un asistente automático. ¿En qué puedo ayudarle?

skill-rebook = cambiar un vuelo cancelado
skill-status = consultar si un vuelo sale a su hora
skill-cancel = cancelar una reserva

ask-code = ¿Cuál es su código de reserva?
ask-code-again = Perdone, necesito las seis letras y cifras de su código de reserva. Dígalas una por una.
ask-pin = ¿Y su PIN de cuatro cifras?
ask-pin-again = Perdone, diga las cuatro cifras de su PIN una por una.
ask-flight = ¿Cuáles son las tres cifras del número de vuelo?
ask-flight-again = Perdone, necesito las tres cifras del número de vuelo, por ejemplo dos uno dos.

no-such-booking = No encuentro ninguna reserva con ese código.
wrong-pin = Ese PIN no corresponde a la reserva.
no-such-flight = No conozco ningún vuelo con ese número.

not-cancelled = Su vuelo { $booking-flight-number } no está cancelado, así que no puedo cambiarlo.
already-cancelled = Esa reserva ya está cancelada.
no-flights = Lo siento, no queda ningún otro vuelo con plazas libres.
no-refund = Lo siento, esta tarifa no se reembolsa.
not-allowed = Lo siento, no estoy autorizado a hacer eso.
credit-too-high = Lo siento, un abono de { $offers-credit } es más de lo que puedo dar.
credit-limit-reached = Lo siento, hoy no se puede dar más abono en esta reserva.
refund-too-high = Lo siento, un reembolso de { $terms-refund } es más de lo que puedo dar.

offer-flights = Siento que se haya cancelado su vuelo a { $booking-flight-to }. Estos son los próximos vuelos.
offer-flights-option = { $option }: a { $departs }.

read-back-rebook = Le cambio al vuelo que sale a { $flight-departs } y le doy un abono de { $offers-credit }. ¿Lo hago así?
read-back-rebook-short = El vuelo que sale a { $flight-departs }, con un abono de { $offers-credit }. ¿Lo hago así?
rebook-done = Tiene plaza en el vuelo que sale a { $updated-departs }. Su asiento es { $seat-number } y su abono es de { $credit-amount }. La confirmación va en camino.
rebook-failed = Lo siento, no he podido cambiarle el vuelo. Su reserva sigue como estaba.

read-back-cancel = Cancelo su reserva y le reembolso { $terms-refund }. ¿Lo hago así?
cancel-done = Su reserva está cancelada y se le reembolsarán { $refund-amount }. La confirmación va en camino.
cancel-failed = Lo siento, no he podido cancelar su reserva. Sigue como estaba.

flight-on-time = El vuelo de { $status-from } a { $status-to } sale a su hora, a { $status-departs }, por la puerta { $status-gate }.
flight-delayed = El vuelo de { $status-from } a { $status-to } lleva retraso. Ahora sale a { $status-expected } por la puerta { $status-gate }.
flight-cancelled = Lo siento, el vuelo de { $status-from } a { $status-to } está cancelado.

queue-place = Es usted el número { $place } de la cola. No cuelgue, por favor.
queue-wait = Es usted el número { $place } de la cola. Tardaremos { $minutes ->
    [one] un minuto
   *[other] unos { SPELL($minutes, as: "masculine") } minutos
}. No cuelgue, por favor.

answer-cost-rebook = No le cuesta nada, y recibe un abono de { $offers-credit }.
answer-cost-cancel = No le cuesta nada más, y se le devuelven { $terms-refund }.
answer-cost = Cambiar un vuelo cancelado no cuesta nada. Si cancela una reserva, le digo cuánto se le devuelve antes de hacer nada.
answer-baggage = Su equipaje va con usted en el vuelo nuevo. No tiene que hacer nada.

doing-assign-seat = Le estoy buscando un asiento.
doing-apply-credit = Estoy anotando su abono.
doing-update-booking = Estoy cambiando su reserva.
doing-send-confirmation = Le estoy enviando la confirmación.
doing-cancel-booking = Estoy cancelando su reserva.
doing-refund-fare = Estoy tramitando su reembolso.

# No la reserva de la que se habló antes.
other-words = otra reserva; una reserva distinta; otro billete; la otra reserva

# Cómo llaman a lo que se les preguntó quienes lo corrigen; separado por puntos y comas.
input-code-words = código; código de reserva; localizador; referencia
input-pin-words = pin; clave; número secreto
input-flight-words = vuelo; número de vuelo

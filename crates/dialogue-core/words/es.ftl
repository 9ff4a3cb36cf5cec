# Frases de todos los paquetes. Un paquete puede sustituir cualquiera con la misma clave.

greeting = Hola. Soy un asistente automático. ¿En qué puedo ayudarle?
ask-what = ¿En qué puedo ayudarle?
rephrase-open = Perdone, no le he entendido. Dígame en pocas palabras qué desea hacer.
help = Puedo { $skills }. También puede decir: hablar con una persona. ¿Qué desea hacer?
anything-else = ¿Puedo ayudarle en algo más?
go-on = De acuerdo. ¿En qué más puedo ayudarle?
unsure-skill = ¿Desea { $skill }?
not-understood = Perdone, no le he entendido.
did-you-say = ¿Ha dicho { $value }?
option-by-number = el número { $number }
yes-or-no = Por favor, diga sí o no.
yes-or-no-keys = Por favor, diga sí o no, o pulse 1 para sí y 2 para no.
keys-digits = También puede marcarlo en su teléfono, cifra por cifra.
keys-choice = Diga el número de la opción o púlselo en su teléfono.
spell-with-words = Ayuda si lo dice despacio y usa palabras para las letras, por ejemplo K de kilo.
choose-one-of = Puede decir: { $options }.
spelled = Deletreo: { $codes }.
list-or = { $first } o { $last }
take-your-time = Tómese su tiempo.
language-switched = Por supuesto. Seguimos en español.
lost-for-words = Lo siento, no sé cómo decirle esto.

progress = Un momento, por favor.
progress-again = Sigo con ello. Gracias por esperar.
acting = De acuerdo. Un momento.
still-working = Sigo con ello. Se lo diré en cuanto esté resuelto.
claim-done = Ya está hecho.
not-confirmed = De acuerdo, no he cambiado nada. ¿Qué desea hacer en su lugar?
abandoned = De acuerdo, lo dejo aquí. ¿Qué desea hacer?
offer-human = ¿Quiere que le pase con un compañero?
in-doubt = Lo siento. No puedo saber si se ha completado, así que alguien tiene que revisarlo.
core-unavailable = Lo siento. En este momento no puedo acceder a nuestros sistemas.

handover-asked = Por supuesto. Espere mientras busco a alguien que le atienda.
handover-refused = Le paso con un compañero que puede decidirlo. No cuelgue, por favor.
handover-misunderstood = Siento no entenderle. Espere mientras busco a un compañero.
handover-not-found = Con esos datos no puedo seguir. Espere mientras busco a un compañero que pueda ayudarle.
handover-failed = Espere mientras busco a un compañero que pueda ayudarle.
handover-doubt = Espere mientras busco a un compañero que pueda comprobarlo con usted.
still-connecting = Sigo intentando localizar a alguien. No cuelgue, por favor.
no-human = Lo siento, ahora mismo no hay nadie libre. ¿Quiere que le llamemos?
ask-number = ¿A qué número podemos llamarle? Dígalo cifra por cifra o márquelo en su teléfono.
ask-number-again = Perdone, necesito el número completo, de siete a quince cifras. Dígalo despacio, cifra por cifra.
read-back-number = He apuntado el { $number }. ¿Es correcto?
call-back-noted = De acuerdo. Paso el aviso de que desea que le llamen. Adiós.
call-back-failed = Lo siento, ahora mismo no puedo dejar el aviso para que le llamen.
returned = Vuelve a estar conmigo. ¿En qué más puedo ayudarle?

still-there = ¿Sigue ahí?
still-there-again = No le oigo.
farewell = Gracias por llamar. Adiós.
farewell-silence = No le oigo, así que termino la llamada. Puede volver a llamar cuando quiera. Adiós.

brief-who = El número de quien llama es { $caller }.
brief-who-unknown = No se conoce el número de quien llama.
brief-verified = Se ha identificado para { $verified }.
brief-not-verified = No se ha identificado.
brief-asked = Quiere { $skill }.
brief-asked-nothing = No ha dicho qué quiere.
brief-done = Hecho hasta ahora. { $claims }
brief-part-done = Estos pasos están hechos: { $actions }.
brief-nothing-done = No se ha cambiado nada.
brief-running = Hay un plan en marcha. Aún no se sabe el resultado.
brief-doubt = Nadie sabe si el último paso tuvo efecto. Compruébelo, por favor.
brief-open-asked = Ha pedido hablar con una persona.
brief-open-refused = He tenido que decirle: { $why }
brief-open-misunderstood = No he podido entenderle.
brief-open-not-found = Los datos que dio no se han encontrado.
brief-open-failed = No he podido hacerlo.
brief-open-unavailable = No he podido acceder a nuestros sistemas.

transfer-connecting = Gracias por esperar. Le pongo en comunicación.
transfer-accept = Pulse 1 o diga sí para atender la llamada. Pulse 2 o diga no para rechazarla.
transfer-ask-again = ¿Atiende la llamada? Pulse 1 o diga sí, o pulse 2 o diga no.
transfer-connected = Gracias. Ya está en comunicación.
closing-down = Lo siento, tenemos que terminar esta llamada por motivos técnicos. Vuelva a llamar dentro de unos minutos. Adiós.

# Frases de todos los paquetes. Un paquete puede sustituir cualquiera con la misma clave.
# Donde el trato cambia la frase, figuran las dos formas: [familiar] con "tú" y [formal] con "usted". $formality dice cuál se usa.

greeting = Hola. Soy un asistente automático. { $formality ->
    [familiar] ¿En qué puedo ayudarte?
   *[formal] ¿En qué puedo ayudarle?
}
consent-recording = Hola. ¿Podemos grabar esta llamada, para demostrar lo que se acuerde? { $formality ->
    [familiar] Por favor, di sí o no.
   *[formal] Por favor, diga sí o no.
}
recording-on = Gracias. La llamada se está grabando.
recording-off = De acuerdo, la llamada no se graba.
ask-what = { $formality ->
    [familiar] ¿En qué puedo ayudarte?
   *[formal] ¿En qué puedo ayudarle?
}
rephrase-open = { $formality ->
    [familiar] Perdona, no te he entendido. Dime en pocas palabras qué deseas hacer.
   *[formal] Perdone, no le he entendido. Dígame en pocas palabras qué desea hacer.
}
help = Puedo { $skills }. { $formality ->
    [familiar] También puedes decir: hablar con una persona. ¿Qué deseas hacer?
   *[formal] También puede decir: hablar con una persona. ¿Qué desea hacer?
}
anything-else = { $formality ->
    [familiar] ¿Puedo ayudarte en algo más?
   *[formal] ¿Puedo ayudarle en algo más?
}
go-on = De acuerdo. { $formality ->
    [familiar] ¿En qué más puedo ayudarte?
   *[formal] ¿En qué más puedo ayudarle?
}
unsure-skill = { $formality ->
    [familiar] ¿Deseas { $skill }?
   *[formal] ¿Desea { $skill }?
}
not-understood = { $formality ->
    [familiar] Perdona, no te he entendido.
   *[formal] Perdone, no le he entendido.
}
did-you-say = { $formality ->
    [familiar] ¿Has dicho { $value }?
   *[formal] ¿Ha dicho { $value }?
}
option-by-number = el número { $number }
yes-or-no = { $formality ->
    [familiar] Por favor, di sí o no.
   *[formal] Por favor, diga sí o no.
}
yes-or-no-keys = { $formality ->
    [familiar] Por favor, di sí o no, o pulsa 1 para sí y 2 para no.
   *[formal] Por favor, diga sí o no, o pulse 1 para sí y 2 para no.
}
keys-digits = { $formality ->
    [familiar] También puedes marcarlo en tu teléfono, cifra por cifra.
   *[formal] También puede marcarlo en su teléfono, cifra por cifra.
}
keys-choice = { $formality ->
    [familiar] Di el número de la opción o púlsalo en tu teléfono.
   *[formal] Diga el número de la opción o púlselo en su teléfono.
}
spell-with-words = { $formality ->
    [familiar] Ayuda si lo dices despacio y usas palabras para las letras, por ejemplo K de kilo.
   *[formal] Ayuda si lo dice despacio y usa palabras para las letras, por ejemplo K de kilo.
}
choose-one-of = { $formality ->
    [familiar] Puedes decir: { $options }.
   *[formal] Puede decir: { $options }.
}
spelled = Deletreo: { $codes }.
list-or = { $first } { BEFORE($last, o: "u", other: "o") } { $last }
take-your-time = { $formality ->
    [familiar] Tómate tu tiempo.
   *[formal] Tómese su tiempo.
}
language-switched = Por supuesto. Seguimos en español.
lost-for-words = { $formality ->
    [familiar] Lo siento, no sé cómo decirte esto.
   *[formal] Lo siento, no sé cómo decirle esto.
}

heard-value = He entendido { $value }.
heard-skill = { $formality ->
    [familiar] Deseas { $skill }.
   *[formal] Desea { $skill }.
}
rating-again = { $formality ->
    [familiar] Di o pulsa un número del uno, nada satisfecho, al cinco, muy satisfecho.
   *[formal] Diga o pulse un número del uno, nada satisfecho, al cinco, muy satisfecho.
}
rating-noted = Gracias, lo he anotado.
back-to = Volvamos a donde estábamos.
next-wish = { $formality ->
    [familiar] Vamos con lo otro que me pediste: { $skill }.
   *[formal] Vamos con lo otro que me pidió: { $skill }.
}
several-wishes = Vamos por partes: { $skills }.
noted-wish = Después me ocupo de eso: { $skills }.
change-of-mind = De acuerdo, entonces en su lugar: { $skill }.
not-wanted = De acuerdo, eso no. { $formality ->
    [familiar] ¿Qué deseas hacer en su lugar?
   *[formal] ¿Qué desea hacer en su lugar?
}
left-there = De acuerdo, lo he dejado como estaba.
corrected = De acuerdo, { $value }.
last-time = { $formality ->
    [familiar] Antes de seguir: la última vez querías { $skill }, y así terminó.
   *[formal] Antes de seguir: la última vez quería { $skill }, y así terminó.
}
last-time-failed = No se pudo hacer, y no se ha cambiado nada.
last-time-doubt = No se pudo saber si se completó, así que alguien lo está revisando.
last-time-running = { $formality ->
    [familiar] Todavía estamos trabajando en lo que pediste la última vez: { $skill }.
   *[formal] Todavía estamos trabajando en lo que pidió la última vez: { $skill }.
}
last-time-approval = { $formality ->
    [familiar] Lo que pediste la última vez sigue pendiente de aprobación: { $skill }.
   *[formal] Lo que pidió la última vez sigue pendiente de aprobación: { $skill }.
}
last-time-language = La última vez hablamos en español. { $formality ->
    [familiar] Si lo prefieres, di: en español, por favor.
   *[formal] Si lo prefiere, diga: en español, por favor.
}
last-time-open = La última vez nos quedó algo sin terminar.
as-last-time = { $formality ->
    [familiar] Uso lo que me dijiste la última vez: { $value }.
   *[formal] Uso lo que me dijo la última vez: { $value }.
}
recalled = { $formality ->
    [familiar] Me has dicho: { $values }.
   *[formal] Me ha dicho: { $values }.
}
recalled-nothing = { $formality ->
    [familiar] Todavía no me has dicho nada de eso.
   *[formal] Todavía no me ha dicho nada de eso.
}
with-known = { $formality ->
    [familiar] Sigo con lo que me dijiste antes: { $values }.
   *[formal] Sigo con lo que me dijo antes: { $values }.
}

progress = Un momento, por favor.
progress-again = Sigo con ello. Gracias por esperar.
acting = De acuerdo. Un momento.
still-working = Sigo con ello. { $formality ->
    [familiar] Te lo diré en cuanto esté resuelto.
   *[formal] Se lo diré en cuanto esté resuelto.
}
claim-done = Ya está hecho.
not-confirmed = De acuerdo, no he cambiado nada. { $formality ->
    [familiar] ¿Qué deseas hacer en su lugar?
   *[formal] ¿Qué desea hacer en su lugar?
}
abandoned = De acuerdo, lo dejo aquí. { $formality ->
    [familiar] ¿Qué deseas hacer?
   *[formal] ¿Qué desea hacer?
}
offer-human = { $formality ->
    [familiar] ¿Quieres que te pase con un compañero?
   *[formal] ¿Quiere que le pase con un compañero?
}
in-doubt = Lo siento. No puedo saber si se ha completado, así que alguien tiene que revisarlo.
awaiting-approval = Primero tiene que aprobarlo un responsable. Puede tardar, y hasta entonces no hay nada decidido.
approval-call-back = { $formality ->
    [familiar] ¿Quieres que te llamemos cuando se decida?
   *[formal] ¿Quiere que le llamemos cuando se decida?
}
core-unavailable = Lo siento. En este momento no puedo acceder a nuestros sistemas.

handover-asked = Por supuesto. { $formality ->
    [familiar] Espera mientras busco a alguien que te atienda.
   *[formal] Espere mientras busco a alguien que le atienda.
}
handover-refused = { $formality ->
    [familiar] Te paso con un compañero que puede decidirlo. No cuelgues, por favor.
   *[formal] Le paso con un compañero que puede decidirlo. No cuelgue, por favor.
}
handover-misunderstood = { $formality ->
    [familiar] Siento no entenderte. Espera mientras busco a un compañero.
   *[formal] Siento no entenderle. Espere mientras busco a un compañero.
}
handover-not-found = Con esos datos no puedo seguir. { $formality ->
    [familiar] Espera mientras busco a un compañero que pueda ayudarte.
   *[formal] Espere mientras busco a un compañero que pueda ayudarle.
}
handover-failed = { $formality ->
    [familiar] Espera mientras busco a un compañero que pueda ayudarte.
   *[formal] Espere mientras busco a un compañero que pueda ayudarle.
}
handover-doubt = { $formality ->
    [familiar] Espera mientras busco a un compañero que pueda comprobarlo contigo.
   *[formal] Espere mientras busco a un compañero que pueda comprobarlo con usted.
}
still-connecting = Sigo intentando localizar a alguien. { $formality ->
    [familiar] No cuelgues, por favor.
   *[formal] No cuelgue, por favor.
}
no-human = Lo siento, ahora mismo no hay nadie libre. { $formality ->
    [familiar] ¿Quieres que te llamemos?
   *[formal] ¿Quiere que le llamemos?
}
ask-number = { $formality ->
    [familiar] ¿A qué número podemos llamarte? Dilo cifra por cifra o márcalo en tu teléfono.
   *[formal] ¿A qué número podemos llamarle? Dígalo cifra por cifra o márquelo en su teléfono.
}
ask-number-again = { $formality ->
    [familiar] Perdona, necesito el número completo, de siete a quince cifras. Dilo despacio, cifra por cifra.
   *[formal] Perdone, necesito el número completo, de siete a quince cifras. Dígalo despacio, cifra por cifra.
}
read-back-number = He apuntado el { $number }. ¿Es correcto?
call-back-noted = De acuerdo. { $formality ->
    [familiar] Paso el aviso de que deseas que te llamen.
   *[formal] Paso el aviso de que desea que le llamen.
} Adiós.
call-back-failed = { $formality ->
    [familiar] Lo siento, ahora mismo no puedo dejar el aviso para que te llamen.
   *[formal] Lo siento, ahora mismo no puedo dejar el aviso para que le llamen.
}
ask-call-time = { $formality ->
    [familiar] ¿Cuándo quieres que te llamemos? Di «lo antes posible» o una hora.
   *[formal] ¿Cuándo quiere que le llamemos? Diga «lo antes posible» o una hora.
}
ask-call-time-again = { $formality ->
    [familiar] Perdona, necesito una hora, como «mañana a las nueve». Para lo antes posible, pulsa 1.
   *[formal] Perdone, necesito una hora, como «mañana a las nueve». Para lo antes posible, pulse 1.
}
read-back-call-time = { $formality ->
    [familiar] Te llamaremos { $when }. ¿Te parece bien?
   *[formal] Le llamaremos { $when }. ¿Le parece bien?
}
call-time-today = hoy entre { $from } y { $to }
call-time-tomorrow = mañana entre { $from } y { $to }
call-time-on = el { $day } entre { $from } y { $to }
call-back-promised = De acuerdo. { $formality ->
    [familiar] Te llamaremos { $when }.
   *[formal] Le llamaremos { $when }.
} Adiós.
call-back-instead = { $formality ->
    [familiar] Pulsa 1 si prefieres que te llamemos.
   *[formal] Pulse 1 si prefiere que le llamemos.
}
called-back = Hola. { $formality ->
    [familiar] Te llamo porque nos pediste que te llamáramos.
   *[formal] Le llamo porque nos pidió que le llamáramos.
} ¿Es buen momento para hablar?
returned = { $formality ->
    [familiar] Vuelves a estar conmigo. ¿En qué más puedo ayudarte?
   *[formal] Vuelve a estar conmigo. ¿En qué más puedo ayudarle?
}
handed-back = { $formality ->
    [familiar] La persona con la que hablabas me ha pedido que termine esto contigo.
   *[formal] La persona con la que hablaba me ha pedido que termine esto con usted.
} ¿Qué queda por hacer?

still-there = { $formality ->
    [familiar] ¿Sigues ahí?
   *[formal] ¿Sigue ahí?
}
still-there-again = { $formality ->
    [familiar] No te oigo.
   *[formal] No le oigo.
}
farewell = Gracias por llamar. Adiós.
farewell-silence = { $formality ->
    [familiar] No te oigo, así que termino la llamada. Puedes volver a llamar cuando quieras.
   *[formal] No le oigo, así que termino la llamada. Puede volver a llamar cuando quiera.
} Adiós.

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
brief-approval = Hay un plan pendiente de aprobación. Aún no se sabe el resultado.
brief-doubt = Nadie sabe si el último paso tuvo efecto. Compruébelo, por favor.
brief-called = Le hemos llamado, como se le prometió. Cuando lo pidió: { $before }
brief-open-asked = Ha pedido hablar con una persona.
brief-open-refused = He tenido que decirle: { $why }
brief-open-value = Se trata de más de lo que puedo decidir por mi cuenta.
brief-open-misunderstood = No he podido entenderle.
brief-open-not-found = Los datos que dio no se han encontrado.
brief-open-failed = No he podido hacerlo.
brief-open-unavailable = No he podido acceder a nuestros sistemas.
brief-open-approval = Quiere saber si se aprueba.

transfer-connecting = Gracias por esperar. { $formality ->
    [familiar] Te pongo en comunicación.
   *[formal] Le pongo en comunicación.
}
transfer-accept = Pulse 1 o diga sí para atender la llamada. Pulse 2 o diga no para rechazarla.
transfer-ask-again = ¿Atiende la llamada? Pulse 1 o diga sí, o pulse 2 o diga no.
transfer-connected = Gracias. { $formality ->
    [familiar] Ya estás en comunicación.
   *[formal] Ya está en comunicación.
}
hand-back-words = termina esto por mí; termínalo por mí; le devuelvo al asistente
stay-words = quédate con nosotros; sigue escuchando
leave-words = puedes dejarnos; deja de escuchar
other-words = otro distinto; otra distinta; el otro; la otra; otra cosa
machine-words = deje su mensaje; deje un mensaje; deja tu mensaje; deja un mensaje; después de la señal; después del tono; buzón de voz; no está disponible; no podemos atenderle; pulse uno para; pulse 1 para; marque uno para; marque 1 para; menú principal; siguientes opciones; el número que ha marcado
whisper-failed = Lo que estaba haciendo para la persona que llama no ha funcionado. Lo hecho se ha deshecho.
closing-down = Lo siento, tenemos que terminar esta llamada por motivos técnicos. { $formality ->
    [familiar] Vuelve a llamar dentro de unos minutos.
   *[formal] Vuelva a llamar dentro de unos minutos.
} Adiós.

# Cómo se dicen los datos. Las variables se explican en en.ftl.

say-weekday = { $weekday ->
    [1] lunes
    [2] martes
    [3] miércoles
    [4] jueves
    [5] viernes
    [6] sábado
   *[7] domingo
}
say-month = { $month ->
    [1] enero
    [2] febrero
    [3] marzo
    [4] abril
    [5] mayo
    [6] junio
    [7] julio
    [8] agosto
    [9] septiembre
    [10] octubre
    [11] noviembre
   *[12] diciembre
}
say-date = { say-weekday } { $day ->
    [1] primero
   *[other] { SPELL($day) }
} de { say-month }
# Con su artículo, como en "sale a las diez y cuarto de la mañana".
say-time = { $twelve ->
    [1] la una
   *[other] las { SPELL($twelve) }
} { $minute ->
    [0] { "" }
    [15] y cuarto
    [30] y media
   *[other] y { SPELL($minute) }
} { $part }
say-time-forms = { $twelve } { $mm }; { $twelve }{ $mm }; { $hour } { $mm }; { SPELL($hour) } { SPELL($minute) }; { SPELL($hour) } y { SPELL($minute) }; { SPELL($twelve, as: "feminine") } y { SPELL($minute) }; { SPELL($twelve, as: "feminine") } { SPELL($minute) }; { $minute ->
    [0] { $twelve ->
        [1] la
       *[other] las
    } { SPELL($twelve, as: "feminine") }; { SPELL($twelve, as: "feminine") } en punto
    [15] { SPELL($twelve, as: "feminine") } y cuarto
    [30] { SPELL($twelve, as: "feminine") } y media
    [45] { SPELL($next, as: "feminine") } menos cuarto; { SPELL($next, as: "feminine") } menos quince
   *[other] { $tens ->
        [3] { SPELL($next, as: "feminine") } menos { SPELL($left) }
        [4] { SPELL($next, as: "feminine") } menos { SPELL($left) }
        [5] { SPELL($next, as: "feminine") } menos { SPELL($left) }
       *[other] { "" }
    }
}
say-days = { SPELL($n, as: "masculine") } { $n ->
    [one] día
   *[other] días
}
say-hours = { SPELL($n, as: "feminine") } { $n ->
    [one] hora
   *[other] horas
}
say-minutes = { SPELL($n, as: "masculine") } { $n ->
    [one] minuto
   *[other] minutos
}
say-seconds = { SPELL($n, as: "masculine") } { $n ->
    [one] segundo
   *[other] segundos
}
say-duration-comma = { $first }, { $last }
say-duration-and = { $first } { BEFORE($last, i: "e", other: "y") } { $last }
say-list-comma = { $first }, { $last }
say-list-and = { $first } { BEFORE($last, i: "e", other: "y") } { $last }
say-money = { say-money-whole } con { say-money-small }
# "Un millón de euros", pero "un millón cien euros".
say-money-whole = { $currency ->
    [GBP] { SPELL($whole, as: "feminine") }
   *[other] { SPELL($whole, as: "masculine") }
} { $millions ->
    [yes] de
   *[no] { "" }
} { say-unit }
say-money-small = { SPELL($small, as: "masculine") } { say-unit-small }
say-unit = { $currency ->
    [USD] { $whole ->
        [one] dólar
       *[other] dólares
    }
    [EUR] { $whole ->
        [one] euro
       *[other] euros
    }
    [GBP] { $whole ->
        [one] libra
       *[other] libras
    }
    [KRW] { $whole ->
        [one] won
       *[other] wones
    }
    [JPY] { $whole ->
        [one] yen
       *[other] yenes
    }
   *[other] { $currency }
}
say-unit-small = { $currency ->
    [USD] { $small ->
        [one] centavo
       *[other] centavos
    }
    [EUR] { $small ->
        [one] céntimo
       *[other] céntimos
    }
    [GBP] { $small ->
        [one] penique
       *[other] peniques
    }
   *[other] { $small ->
        [one] centésimo
       *[other] centésimos
    }
}
say-minus = menos { $amount }
say-plus = más { $group }
say-letter = { $letter } de { $word }

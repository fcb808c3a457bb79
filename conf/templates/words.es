# Español. words.en dice qué nombres hay; sintaxis y valores: postinvite.templates(5).

direction = ltr

# Todas las páginas.
skip = Ir al contenido
footer = Está en la página de invitación de {{brand}}. Aquí nunca se pide una contraseña; solo lo hace la página de Microsoft.
ask = ¿Preguntas? Diríjase a
back = Volver a la invitación
step_of = Paso {{step}} de 4
interrupted = La conexión se ha interrumpido. Esta página lo sigue intentando.

# Fechas.
date = {{day}} de {{month}} de {{year}}
month_1 = enero
month_2 = febrero
month_3 = marzo
month_4 = abril
month_5 = mayo
month_6 = junio
month_7 = julio
month_8 = agosto
month_9 = septiembre
month_10 = octubre
month_11 = noviembre
month_12 = diciembre

# La página de bienvenida.
welcome_heading = Conecte su Microsoft 365
welcome_text = Se le invita a dar a una aplicación acceso al Microsoft 365 de su organización. No ocurre nada hasta que pulse el
	botón de abajo.
welcome_next = Recibirá un código y lo escribirá en la página de Microsoft. Su contraseña se escribe solo allí, nunca aquí.
fact_application = Aplicación
fact_customer = Para
fact_valid_until = Válida hasta
permissions_heading = Permisos solicitados
permissions_note = Es posible que un administrador de su organización deba aprobarlos. Microsoft se lo indicará, y esta página
	dirá entonces cómo seguir.

# Para qué sirve cada permiso.
permission_user_read_all = Encontrar a los usuarios que reciben un número de teléfono.
permission_group_readwrite_all = Mantener los grupos que determinan quién puede llamar y cómo.
permission_directory_accessasuser_all = Leer y escribir datos del directorio, sin más derechos que los de la cuenta que inicia
	sesión.
permission_appcatalog_readwrite_all = Instalar y actualizar las aplicaciones del proveedor en Teams.
permission_offline_access = Mantener la conexión sin pedir un inicio de sesión cada día.
permission_openid = Saber que el inicio de sesión se hizo realmente en Microsoft.
permission_profile = Saber qué cuenta inició sesión, para rechazar una equivocada.
permission_email = Conocer la dirección de correo de la cuenta que inició sesión.
permission_other = Lo solicita la aplicación; su proveedor puede explicarle el motivo.

# El botón y la cuenta.
device_heading = Token de dispositivo del usuario
sign_in_as = Inicie sesión como {{account}}. Cualquier otra cuenta se rechaza.
sign_in_of = Inicie sesión con la cuenta de servicio de {{organisation}}.
button_start = Iniciar la autenticación
button_retry = Intentar de nuevo
button_continue = Haga clic aquí para continuar
other_browser = Iniciar sesión en este navegador
other_device = Usar un código
browser_next = La página de Microsoft se abre en esta ventana. Su contraseña se escribe solo allí, nunca aquí; después
	volverá a esta página.
hint_label = Cuenta que inicia sesión, si la conoce
hint_note = Su nombre, por ejemplo nombre@organizacion.example. Nunca una contraseña.
bad_hint = Eso no es el nombre de una cuenta. Se parece a una dirección de correo, por ejemplo
	nombre@organizacion.example; deje el campo vacío si no lo conoce.
sign_in_hint = Inicie sesión como {{login_hint}}, la cuenta que indicó.
sign_out_text = Si la página de Microsoft no pregunta qué cuenta usar:
sign_out_link = cierre la sesión allí

# Las páginas de la plataforma en lugar de las nuestras (wizard_mode = redirect).
button_go = Continuar
go_next = Las páginas del proveedor se abren en esta ventana y le guían en el inicio de sesión.

press_again = Pulse el botón otra vez: la página era demasiado antigua. Si se repite, permita las cookies para este sitio.

# El código.
code_heading = Escriba este código en Microsoft
code_text = Copie el código, abra la página de Microsoft y escríbalo allí. Inicie sesión con la cuenta indicada abajo.
code_next = Esta página continúa por sí sola cuando Microsoft comunica el inicio de sesión.
code_spelled = Su código, carácter por carácter: {{code_spelled}}
time_left = Tiempo restante en minutos:
open_page = Abrir la página en una pestaña nueva
copy_and_open = Copiar el código y abrir la página en una pestaña nueva
copy = Copiar el código
copied = El código está copiado. Péguelo en la página de Microsoft.
not_copied = Su navegador no permite copiar. Seleccione el código y cópielo.
code_entered = He introducido el código
code_address = La página es de Microsoft:
code_approval = Si Microsoft indica que se necesita aprobación, elija «Solicitar aprobación». Entonces se pregunta a su
	administrador, y usted puede volver a esta página más tarde.
code_blocked = ¿Microsoft indica que esta forma de iniciar sesión está bloqueada, o no tiene una segunda ventana?

# La aprobación sin esperar.
approve_summary = ¿Hace falta la aprobación de un administrador?
approve_heading = Aprobación de un administrador
approve_text = Un administrador de su organización puede aprobar los permisos en el acto, en la página de Microsoft,
	sin dejar una solicitud en espera. Si es usted, pulse el botón; si no, pase el mensaje de abajo.
button_approve = Aprobar como administrador
note_label = Un mensaje para su administrador:
note_text = {{application}} pide permisos en nuestro Microsoft 365 y un administrador debe aprobarlos. Abra {{link}} y
	pulse «Aprobar como administrador»: Microsoft muestra los permisos y le pide que inicie sesión. Gracias.
note_consent = Para que {{application}} conozca la decisión enseguida, puede hacer que una regla de flujo de correo copie
	los mensajes de Microsoft sobre ella a {{consent_address}}; no es necesario.
copy_note = Copiar el mensaje
note_copied = El mensaje está copiado.
note_not_copied = Su navegador no permite copiar. Seleccione el mensaje y cópielo.

# En qué punto está.
started_heading = Todavía no ha iniciado sesión
started_text = Se empezó un inicio de sesión. Si fue en otro navegador, continúe allí; si no, pulse el botón para continuar
	aquí.
started_next = Un código es válido durante 15 minutos. Puede pedir uno nuevo en cualquier momento.
requested_heading = Pendiente de aprobación
requested_text = Se ha pedido a un administrador de su organización que apruebe los permisos. Microsoft avisa a ambos por correo.
requested_code_text = Se ha pedido a un administrador de su organización que apruebe los permisos. Si lo hace mientras el código
	de abajo es válido, esta página continúa por sí sola.
requested_next = Puede cerrar esta página. Cuando llegue la aprobación, abra de nuevo el enlace de su invitación e inicie sesión
	una vez más.
granted_heading = Aprobado: inicie sesión una vez más
granted_text = Un administrador de su organización ha aprobado los permisos. Con un inicio de sesión más, la conexión queda
	completa.
granted_next = Recibirá un código y lo escribirá en la página de Microsoft.
denied_heading = Los permisos no se aprobaron
denied_text = Un administrador de su organización denegó la solicitud. Hable con él; después puede volver a solicitarlo.
denied_code_text = Un administrador de su organización denegó la solicitud. Hable con él; mientras el código de abajo sea válido,
	puede iniciar sesión con él y volver a solicitarlo.
undecided_heading = Nadie decidió a tiempo
undecided_text = La solicitud de aprobación caducó antes de que un administrador decidiera. Empiece de nuevo para enviar otra, y
	avise a su administrador.
undecided_code_text = La solicitud de aprobación caducó antes de que un administrador decidiera. Inicie sesión con el código de
	abajo para volver a solicitarla, y avise a su administrador.
ask_sender = ¿Preguntas? Diríjase a quien le envió la invitación.
failed_heading = No se pudo completar el inicio de sesión
failed_text = Microsoft lo rechazó. Intentarlo de nuevo solo sirve cuando se haya resuelto la causa.
failed_next = Comunique a quien le envió la invitación lo que dice esta página.
again_heading = Inicie sesión de nuevo
again_text = La conexión ya funcionaba, y Microsoft pide ahora un nuevo inicio de sesión. Es habitual tras un cambio de
	contraseña.
again_next = Recibirá un código y lo escribirá en la página de Microsoft.
acquired_heading = Token obtenido
acquired_text = El inicio de sesión ha funcionado. Como es la primera conexión de su organización, falta una breve confirmación en
	Microsoft.
acquired_next = Microsoft pide otra vez la misma cuenta y después vuelve usted aquí.
complete_heading = Autenticación del token completada
complete_text = Activación del inquilino: su organización está conectada. El proveedor de la aplicación continúa desde aquí.
complete_next = No queda nada por hacer. Puede cerrar esta página.
expired_heading = Esta invitación ha caducado
expired_text = Ya no se puede usar. No se ha cambiado nada en su Microsoft 365.
expired_next = Pida una nueva a quien se la envió.
revoked_heading = Esta invitación se ha retirado
revoked_text = El remitente la retiró y ya no se puede usar.
revoked_next = Diríjase a quien se la envió si esperaba otra cosa.

# Lo que falla en una página.
not_found_heading = Este enlace no funciona
not_found_text = La dirección no es una de las nuestras. A menudo se pierde una parte de un enlace largo: intente copiarlo entero
	del correo.
not_found_next = Si sigue sin funcionar, pida uno nuevo a quien le envió la invitación.
unavailable_heading = Inténtelo de nuevo dentro de un minuto
unavailable_text = Algo que esta página necesita no responde en este momento. No se ha perdido nada: su invitación sigue como está.
unavailable_next = Si continúa, avise a quien le envió la invitación.
too_often_heading = Espere un momento, por favor
too_often_text = Esta página se ha solicitado más veces de lo que lo hace una persona. No se ha perdido nada.
too_often_next = Espere unos segundos y vuelva a abrir el enlace de su invitación.
too_large_heading = Ha sido demasiado
too_large_text = Su navegador envió más de lo que esta página acepta.
bad_method_heading = Eso no funciona aquí
bad_method_text = Su navegador lo pidió de una forma que esta página no conoce.
open_again = Abra de nuevo el enlace de su invitación.
bad_request_heading = Eso no ha funcionado
bad_request_text = Había algo incorrecto en la petición.
bad_request_next = Abra de nuevo el enlace de su invitación; si sigue fallando, diríjase a quien se la envió.
sign_in_used = Este inicio de sesión ya se utilizó, o aquí no se conoce.

# Rechazos.
refusal_wrong_account = {{other_account}} inició sesión, pero se espera otra cuenta; no se ha guardado nada. Empiece de nuevo y
	elija la cuenta correcta en la página de Microsoft.
refusal_blocked_by_policy = Una directiva de acceso condicional de su organización bloquea este inicio de sesión; su
	administrador debe permitirlo, o la otra forma de iniciar sesión funciona.
refusal_not_assigned = Su organización solo admite en la aplicación a usuarios asignados; su administrador debe
	asignar la cuenta.
refusal_wrong_tenant = Los permisos se aprobaron para otra organización; un administrador de la suya debe aprobarlos.
refusal_too_late = Tardó demasiado en la página de Microsoft; pulse el botón otra vez.
refusal_server_error = El servicio de inicio de sesión de Microsoft tiene un error; inténtelo de nuevo dentro de un
	minuto.
refusal_temporarily_unavailable = El servicio de inicio de sesión de Microsoft no está disponible por el momento;
	inténtelo de nuevo dentro de un minuto.
refusal_personal_account = Se inició sesión con una cuenta personal; se necesita una cuenta de su organización. No se ha guardado
	nada, empiece de nuevo.
refusal_scopes_missing = Microsoft no concedió todos los permisos. Un administrador debe aprobarlos y después debe iniciar sesión de
	nuevo.
refusal_expired_token = El código ha caducado; empiece de nuevo para obtener otro.
refusal_authorization_declined = El inicio de sesión se rechazó; empiece de nuevo si fue un error.
refusal_access_denied = El inicio de sesión se canceló o se rechazó; empiece de nuevo si fue un error.
refusal_bad_verification_code = Microsoft ya no conoce el código; empiece de nuevo para obtener otro.
refusal_consent_required = Un administrador debe aprobar los permisos; tras la aprobación, inicie sesión de nuevo.
refusal_invalid_client = La aplicación no está bien configurada en Microsoft («Permitir flujos de clientes públicos»). Solo su
	proveedor puede corregirlo.
refusal_unauthorized_client = Microsoft no permite esto a la aplicación o no la conoce. Solo su proveedor puede corregirlo.
refusal_invalid_grant = Microsoft ya no acepta este inicio de sesión; inicie sesión de nuevo.
refusal_interaction_required = Microsoft pide un nuevo inicio de sesión; inicie sesión de nuevo.
refusal_login_required = Nadie ha iniciado sesión; inicie sesión de nuevo.
refusal_tenant = Microsoft no conoce su organización con este dominio. Indique el dominio correcto a quien le envió la invitación.
refusal_aadsts50057 = La cuenta está deshabilitada; habilítela o inicie sesión con otra.
refusal_aadsts50076 = Se requiere autenticación multifactor; inicie sesión de nuevo con ella.
refusal_aadsts50079 = Hay que configurar la autenticación multifactor de la cuenta; hágalo e inicie sesión de nuevo.
refusal_aadsts50173 = Se cambió la contraseña de la cuenta o se revocaron sus sesiones; inicie sesión de nuevo.
refusal_aadsts53003 = Una directiva de acceso condicional de su organización bloquea este inicio de sesión; su administrador debe
	permitirlo.
refusal_aadsts530036 = Una directiva de acceso condicional de su organización bloquea este inicio de sesión; su administrador debe
	permitirlo.
refusal_aadsts65001 = Un administrador debe aprobar los permisos; tras la aprobación, inicie sesión de nuevo.
refusal_aadsts65004 = No se aceptaron los permisos al iniciar sesión; empiece de nuevo y acéptelos, o pida a un administrador que
	los apruebe.
refusal_aadsts70043 = Una directiva de frecuencia de inicio de sesión de su organización terminó la conexión; inicie sesión de
	nuevo.
refusal_aadsts700082 = La conexión no se usó durante 90 días; inicie sesión de nuevo.
refusal_aadsts90094 = Un administrador debe aprobar los permisos; tras la aprobación, inicie sesión de nuevo.
refusal_aadsts90095 = Un administrador debe aprobar los permisos; tras la aprobación, inicie sesión de nuevo.

# Correos.
mail_greeting = Buenos días:
mail_continue_subject = {{application}}: aprobado, inicie sesión una vez más
mail_continue_heading = Aprobado: inicie sesión una vez más
mail_continue_text = Un administrador de su organización ha aprobado los permisos que solicitó {{application}}. Un inicio de sesión
	más completa la conexión.
mail_reminder_subject = {{application}}: su invitación sigue abierta
mail_reminder_heading = Su invitación sigue abierta
mail_reminder_text = {{brand}} ha invitado a su organización a conectar su Microsoft 365 con {{application}}. Hasta ahora nadie ha
	iniciado sesión.
mail_invitation_subject = {{application}}: su invitación
mail_invitation_heading = Conecte su Microsoft 365
mail_invitation_text = {{brand}} invita a su organización a conectar su Microsoft 365 con {{application}}. La página de su invitación
	indica cuál es el siguiente paso.
mail_reinvite_subject = {{application}}: inicie sesión de nuevo
mail_reinvite_heading = Inicie sesión de nuevo
mail_reinvite_text = La conexión de su Microsoft 365 con {{application}} ya funcionó, y Microsoft pide ahora un nuevo inicio de
	sesión. Es habitual después de cambiar la contraseña.
mail_what = La página de su invitación le guía en el inicio de sesión, que tiene lugar en la página de Microsoft. Este correo no
	contiene ningún código, y nadie le pedirá una contraseña por correo ni por teléfono.
mail_for = La invitación es para {{customer}}.
mail_open = Abrir la invitación
mail_valid_until = El enlace funciona hasta el {{valid_until}}.
mail_why = Recibe este correo porque {{brand}} ha invitado a este buzón. Si no lo espera, puede ignorarlo.
mail_ask = ¿Preguntas? Diríjase a {{support}}.

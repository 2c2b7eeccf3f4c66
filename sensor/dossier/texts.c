#include "dossier/texts.h"

#include <stdio.h>

static const char *const TEXTS[TEXT_COUNT][TEXTS_LANGUAGES] = {
	[TEXT_LANGUAGE] = {"en", "fr"},
	[TEXT_TITLE] = {"Conformity of mail flows",
		"Conformité des flux de messagerie"},
	[TEXT_ORGANISATION] = {"Organisation", "Organisme"},
	[TEXT_PERIOD] = {"Period", "Période"},
	[TEXT_PERIOD_VALUE] = {"from {} to {} UTC", "du {} au {} UTC"},
	[TEXT_NO_FLOWS] = {"no mail flow was seen",
		"aucun flux de messagerie n'a été vu"},
	[TEXT_AUTHOR] = {"Drawn up by", "Établi par"},
	[TEXT_PROGRAM] = {"Program", "Logiciel"},
	[TEXT_INPUTS] = {"What it was made of", "Ce dont il est fait"},
	[TEXT_INPUT] = {"Name", "Nom"},
	[TEXT_KIND] = {"Kind", "Nature"},
	[TEXT_KIND_CAPTURE] = {"capture", "capture"},
	[TEXT_KIND_JOURNAL] = {"journal", "journal"},
	[TEXT_KIND_LINES] = {"EVE lines", "lignes EVE"},
	[TEXT_KIND_OBSERVED] = {"observed matrix", "matrice observée"},
	[TEXT_KIND_MATRIX] = {"declared matrix", "matrice déclarée"},
	[TEXT_NOT_A_FILE] = {"none: not one file", "aucune : ce n'est pas un fichier"},
	[TEXT_DIGEST] = {"SHA-256", "SHA-256"},
	[TEXT_MEASURE] = {"Measure", "Mesure"},
	[TEXT_VALUE] = {"Value", "Valeur"},
	[TEXT_SIGHT] = {"What could be seen", "Ce qui a pu être vu"},
	[TEXT_SIGHT_ABOUT] =
		{"Verdicts cover only what the sensor saw. What it did not see proves "
		 "nothing.",
			"Les constats ne portent pas plus loin que ceci : ce qui n'a "
			"pas été vu ne prouve pas que tout était en ordre."},
	[TEXT_SIGHT_PLACES] = {"Places of observation", "Points d'observation"},
	[TEXT_SIGHT_PLACES_MORE] = {"and others", "et d'autres"},
	[TEXT_SIGHT_PLACES_NONE] = {"none is named", "aucun n'est nommé"},
	[TEXT_SIGHT_HOURS] = {"Hours from the first flow to the last",
		"Heures du premier au dernier flux"},
	[TEXT_SIGHT_FLOWS] = {"Mail flows", "Flux de messagerie"},
	[TEXT_SIGHT_ATTEMPTS] = {"Attempts without mail beside these",
		"Tentatives sans courriel, en sus"},
	[TEXT_SIGHT_BOTH_WAY] = {"Heard from both ends", "Entendus des deux côtés"},
	[TEXT_SIGHT_ONE_WAY] = {"Heard from one end only", "Entendus d'un seul côté"},
	[TEXT_SIGHT_ENCRYPTED] = {"Under TLS: their content is not read",
		"Sous TLS : leur contenu n'est pas lu"},
	[TEXT_SIGHT_UNDECIDED] = {"Undecided: what the matrix asks never showed",
		"Indécis : ce que demande la matrice ne s'est pas montré"},
	[TEXT_SIGHT_GIVEN_UP] = {"Flows given up for want of room",
		"Flux abandonnés faute de place"},
	[TEXT_SIGHT_PAIRS_GIVEN_UP] = {"Pairs of hosts given up for want of room",
		"Paires d'hôtes abandonnées faute de place"},
	[TEXT_SIGHT_UNDECODED] = {"Frames that could not be looked into",
		"Trames impossibles à décoder"},
	[TEXT_SIGHT_UNDECODED_UNKNOWN] = {"not in records",
		"non dit par les enregistrements"},
	[TEXT_SIGHT_CUT] = {"Inputs of which a part is missing",
		"Entrées dont il manque une partie"},
	[TEXT_SHARE] = {"{} of {} ({}%)", "{} sur {} ({} %)"},
	[TEXT_STATE_PART] = {"{}: {} of {}", "{} : {} sur {}"},
	[TEXT_DECIMAL_POINT] = {".", ","},
	[TEXT_VERDICTS] = {"Verdict per recommendation", "Constat par recommandation"},
	[TEXT_VERDICTS_ABOUT] =
		{"Conform means: nothing that the sensor saw breached it, and the "
		 "sensor missed little. Not observable does not mean conform.",
			"Conforme signifie : rien de ce qui a été vu ne s'en écarte, "
			"et peu n'a pas été vu. Non observable ne vaut pas conforme."},
	[TEXT_RECOMMENDATION] = {"Recommendation", "Recommandation"},
	[TEXT_SUBJECT] = {"What it asks", "Ce qu'elle demande"},
	[TEXT_VERDICT] = {"Verdict", "Constat"},
	[TEXT_CONFORM] = {"conform", "conforme"},
	[TEXT_BREACHED] = {"breached", "non conforme"},
	[TEXT_NOT_OBSERVABLE] = {"not observable", "non observable"},
	[TEXT_ACCEPTED] = {"accepted", "dérogation"},
	[TEXT_SEEN] = {"Flows seen", "Flux vus"},
	[TEXT_UNSEEN] = {"Not far enough", "Pas assez loin"},
	[TEXT_BREACHES] = {"Breaches", "Écarts"},
	[TEXT_NOTICES] = {"Notices", "Remarques"},
	[TEXT_EXPOSURE] = {"Exposure", "Exposition"},
	[TEXT_MUST_BE_SEEN] = {"What must be seen", "Ce qui doit être vu"},
	[TEXT_WAS_SEEN] = {"Flows seen far enough", "Flux vus assez loin"},
	[TEXT_UNSEEN_VALUE] = {"{} {}", "{} {}"},
	[TEXT_CERTIFICATES_VALUE] = {"of {} in TLS {} showed a certificate",
		"sur {} en TLS, {} ont montré un certificat"},
	[TEXT_POLICY] = {"Mail from the Internet, in clear",
		"Courrier venu d'Internet, en clair"},
	[TEXT_POLICY_VALUE] = {"messages {}, refusals (5xx) {}, deferrals (4xx) {}",
		"messages {}, refus définitifs (5xx) {}, refus temporaires (4xx) {}"},
	[TEXT_POLICY_NONE] =
		{"messages {}; neither a refusal (5xx) nor a deferral (4xx) was seen",
			"messages {} ; aucun refus vu, ni définitif (5xx) ni "
			"temporaire (4xx)"},
	[TEXT_WHY_NOT] = {"Why no verdict", "Pourquoi pas de constat"},
	[TEXT_LACK_SIGHT] = {"Too much of the traffic could not be decoded.",
		"Une trop grande part du trafic n'a pas pu être décodée."},
	[TEXT_LACK_DEPTH] =
		{"Fewer than nine in ten of its flows were seen far enough.",
			"Moins de neuf flux sur dix ont été vus assez loin."},
	[TEXT_LACK_ROOM] = {"Too many flows were given up for want of room.",
		"Trop de flux ont été abandonnés faute de place."},
	[TEXT_SEEN_ONE_WAY] = {"in one direction only", "dans un seul sens"},
	[TEXT_SEEN_NO_START] = {"without their start", "sans leur début"},
	[TEXT_SEEN_MISSING] = {"with bytes missing", "avec des octets manquants"},
	[TEXT_SEEN_NO_HELLO] = {"without the server's hello",
		"sans le hello du serveur"},
	[TEXT_SEEN_UNDECIDED] = {"undecided", "indécis"},
	[TEXT_FINDINGS] = {"Findings", "Écarts relevés"},
	[TEXT_FINDINGS_MORE] = {"{} more are in the JSON form.",
		"{} autres sont dans la forme JSON."},
	[TEXT_SEVERITY] = {"Severity", "Gravité"},
	[TEXT_SEVERITY_CRITICAL] = {"critical", "critique"},
	[TEXT_SEVERITY_HIGH] = {"high", "élevée"},
	[TEXT_SEVERITY_MEDIUM] = {"medium", "moyenne"},
	[TEXT_SEVERITY_LOW] = {"low", "faible"},
	[TEXT_FINDING] = {"Finding", "Écart"},
	[TEXT_WHAT] = {"What it is", "Ce que c'est"},
	[TEXT_ROW_AT_FAULT] = {"Row at fault", "Ligne en cause"},
	[TEXT_ROW_NONE] = {"no row allows it", "aucune ligne ne l'autorise"},
	[TEXT_ROW_NEAREST] = {"no row; nearest is {}",
		"aucune ; la plus proche est {}"},
	[TEXT_FROM] = {"From", "De"},
	[TEXT_TO] = {"To", "Vers"},
	[TEXT_FLOWS] = {"Flows", "Flux"},
	[TEXT_FIRST] = {"First (UTC)", "Premier (UTC)"},
	[TEXT_LAST] = {"Last (UTC)", "Dernier (UTC)"},
	[TEXT_EXAMPLES] = {"Examples", "Exemples"},
	[TEXT_TIME] = {"Time (UTC)", "Heure (UTC)"},
	[TEXT_CLIENT] = {"Client", "Client"},
	[TEXT_SERVER] = {"Server", "Serveur"},
	[TEXT_PROTOCOL] = {"Protocol", "Protocole"},
	[TEXT_CAPTURE] = {"Capture or interface", "Capture ou interface"},
	[TEXT_PACKET] = {"Packet, or event_id of the record",
		"Paquet, ou event_id de l'enregistrement"},
	[TEXT_FLOW_ID] = {"flow_id of its records", "flow_id de ses enregistrements"},
	[TEXT_COMMUNITY_ID] = {"Community ID", "Community ID"},
	[TEXT_REMEDIES] = {"Remedy", "Remède"},
	[TEXT_OTHERS] = {"Findings that count against none of these",
		"Écarts qui ne relèvent d'aucune d'elles"},
	[TEXT_ACCEPTED_BY] = {"Accepted by the matrix", "Accepté par la matrice"},
	[TEXT_OWNER] = {"Owner", "Responsable"},
	[TEXT_REASON] = {"Reason", "Motif"},
	[TEXT_UNTIL] = {"Until", "Jusqu'au"},
	[TEXT_GRID] = {"Declared against seen", "Le déclaré face au constaté"},
	[TEXT_GRID_ABOUT] =
		{"Rows of the picture are senders; columns are receivers, under "
		 "the number of their row.",
			"Les lignes de l'image sont les émetteurs ; les colonnes sont "
			"les destinataires, sous le numéro de leur ligne."},
	[TEXT_GRID_TOO_LARGE] =
		{"{} groups and zones are in use: too many for a picture; the "
		 "table has them all.",
			"{} groupes et zones sont en usage : trop pour une image ; le "
			"tableau les a tous."},
	[TEXT_GRID_USED] = {"declared and seen", "déclaré et vu"},
	[TEXT_GRID_UNUSED] = {"declared, never seen", "déclaré, jamais vu"},
	[TEXT_GRID_UNDECLARED] = {"seen, not declared", "vu, non déclaré"},
	[TEXT_GRID_FORBIDDEN] = {"forbidden and tried", "interdit et tenté"},
	[TEXT_GRID_EMPTY] = {"neither declared nor seen", "ni déclaré ni vu"},
	[TEXT_NUMBER] = {"Number", "Nombre"},
	[TEXT_NO_GROUP] = {"{} (no group)", "{} (sans groupe)"},
	[TEXT_STATE] = {"State", "État"},
	[TEXT_ROW] = {"Row", "Ligne"},
	[TEXT_IN_TLS] = {"Under TLS", "Sous TLS"},
	[TEXT_OFFENDERS] = {"Hosts that no row lets do what they did",
		"Hôtes qu'aucune ligne n'autorise à ce qu'ils ont fait"},
	[TEXT_OFFENDERS_ABOUT] = {"Most flows first.", "Par nombre de flux."},
	[TEXT_OFFENDERS_NONE] = {"None was seen.", "Aucun n'a été vu."},
	[TEXT_LISTED] = {"{} of {} are listed.", "{} sur {} figurent ici."},
	[TEXT_HOST] = {"Host", "Hôte"},
	[TEXT_INTERNET_HOSTS] = {"hosts of the Internet", "hôtes d'Internet"},
	[TEXT_GROUP] = {"Group or zone", "Groupe ou zone"},
	[TEXT_NAME] = {"Name it gives", "Nom qu'il donne"},
	[TEXT_REASONS] = {"What speaks against it", "Ce qui s'y oppose"},
	[TEXT_SERVERS] = {"Mail servers", "Serveurs de messagerie"},
	[TEXT_SERVERS_ABOUT] =
		{"Servers inside the declared zones that were heard, each port "
		 "alone.",
			"Serveurs des zones déclarées qui ont été entendus, port par "
			"port."},
	[TEXT_SERVERS_NONE] = {"None was heard.", "Aucun n'a été entendu."},
	[TEXT_SERVER_NAME] = {"Name", "Nom"},
	[TEXT_SERVER_POLICY] = {"Messages, refusals, deferrals",
		"Messages, refus, refus temporaires"},
	[TEXT_VERSIONS] = {"TLS versions of its clients",
		"Versions TLS de ses clients"},
	[TEXT_STARTTLS] = {"STARTTLS", "STARTTLS"},
	[TEXT_OFFERED] = {"offered", "proposé"},
	[TEXT_OFFERED_NOT] = {"not offered", "non proposé"},
	[TEXT_OFFERED_BOTH] = {"not always offered", "pas toujours proposé"},
	[TEXT_OFFERED_UNKNOWN] = {"not seen", "non vu"},
	[TEXT_OLDER] = {"older than 1.0", "antérieure à 1.0"},
	[TEXT_CERTIFICATE] = {"Certificate ends", "Fin du certificat"},
	[TEXT_CERTIFICATE_VALUE] = {"{} ({} days)", "{} ({} jours)"},
	[TEXT_CERTIFICATE_OVER] = {"ended on {}", "échu le {}"},
	[TEXT_CERTIFICATE_UNSEEN] = {"not visible", "non visible"},
	[TEXT_ROWS] = {"Rows of the matrix", "Lignes de la matrice"},
	[TEXT_ROWS_ABOUT] = {"Which rows were used, and until when they hold.",
		"Les lignes qui ont servi, et jusqu'à quand elles valent."},
	[TEXT_PROTOCOLS] = {"Protocols", "Protocoles"},
	[TEXT_CONDITION] = {"TLS", "TLS"},
	[TEXT_NEVER] = {"never", "jamais"},
	[TEXT_EXPIRES] = {"Holds until", "Vaut jusqu'au"},
	[TEXT_EXPIRED] = {"{} (over)", "{} (échue)"},
	[TEXT_CHANGE] = {"Since the earlier report", "Depuis le rapport précédent"},
	[TEXT_CHANGE_ABOUT] =
		{"Two breaches are the same if finding, row, source group and target "
		 "group are the same. The report never calls fixed what it could not "
		 "observe this time.",
			"Un écart est le même si l'écart, la ligne, le groupe source "
			"et le groupe cible sont les mêmes. Ce qui n'a pas pu être "
			"observé cette fois n'est jamais dit corrigé."},
	[TEXT_CHANGE_NEW] = {"new", "nouveau"},
	[TEXT_CHANGE_STILL] = {"still there", "toujours là"},
	[TEXT_CHANGE_FIXED] = {"fixed", "corrigé"},
	[TEXT_CHANGE_UNSEEN] = {"no longer observable", "plus observable"},
	[TEXT_CHANGE_HEAD] = {"Change", "Évolution"},
	[TEXT_DAYS] = {"Day by day", "Jour par jour"},
	[TEXT_DAYS_ABOUT] =
		{"Flows count on the day they began, findings on the day of their "
		 "alert. Days are those of UTC.",
			"Les flux au jour où ils ont commencé, les écarts au jour où "
			"ils ont été signalés ; les jours sont ceux d'UTC."},
	[TEXT_DAYS_MORE] = {"The table has no room for later days.",
		"D'autres jours n'ont pas trouvé place ici."},
	[TEXT_DAY] = {"Day", "Jour"},
	[TEXT_OVERVIEW_SENSOR] = {"Mail flows seen by {}",
		"Flux de messagerie vus par {}"},
	[TEXT_OVERVIEW_FLEET] = {"Mail flows seen by {} sensors",
		"Flux de messagerie vus par {} capteurs"},
	[TEXT_OVERVIEW_STATE] = {"The sensor", "Le capteur"},
	[TEXT_OVERVIEW_HEALTH] = {"Health", "Santé"},
	[TEXT_OVERVIEW_HEALTHY] = {"in service", "en service"},
	[TEXT_OVERVIEW_WRITTEN] = {"This page was written (UTC)", "Page écrite (UTC)"},
	[TEXT_OVERVIEW_STARTED] = {"The sensor has run since (UTC)",
		"Capteur en marche depuis (UTC)"},
	[TEXT_OVERVIEW_LOADED] = {"The matrix in use was loaded (UTC)",
		"Matrice en vigueur chargée (UTC)"},
	[TEXT_OVERVIEW_REFUSED] = {"Reloads refused", "Rechargements refusés"},
	[TEXT_OVERVIEW_PAIRS] = {"Pairs of hosts observed", "Paires d'hôtes observées"},
	[TEXT_OVERVIEW_PARTIAL] = {"{}, partial", "{}, incomplet"},
	[TEXT_OVERVIEW_ALERTS] = {"Alerts that are open", "Alertes ouvertes"},
	[TEXT_OVERVIEW_ALERTS_ABOUT] =
		{"Alerts of the last 24 hours, the gravest first. The same finding "
		 "between the same ends by the same row counts as one alert, with its "
		 "newest detail.",
			"Alertes des dernières 24 heures, les plus graves d'abord. Le "
			"même écart entre les mêmes extrémités et par la même ligne "
			"n'en fait qu'une, avec son dernier détail."},
	[TEXT_OVERVIEW_ALERTS_NONE] =
		{"The sensor raised no alert in the last 24 hours.",
			"Aucune alerte dans les dernières 24 heures."},
	[TEXT_OVERVIEW_ALERTS_LOST] =
		{"This list has no room for the {} oldest alerts; the records have "
		 "them.",
			"{} alertes, les plus anciennes, n'ont pas trouvé place dans "
			"cette "
			"liste ; les enregistrements les ont."},
	[TEXT_OVERVIEW_ALERTS_BEHIND] =
		{"The page has not read the journal to its end yet: newer alerts may "
		 "be missing.",
			"Le journal n'est pas encore lu jusqu'au bout : des alertes "
			"plus récentes peuvent manquer."},
	[TEXT_OVERVIEW_ALERTS_COUNT] = {"Times", "Fois"},
	[TEXT_OVERVIEW_DETAIL] = {"Detail", "Détail"},
	[TEXT_OVERVIEW_DAY] = {"Declared against seen: 24 hours",
		"Déclaré et vu : 24 heures"},
	[TEXT_OVERVIEW_MONTH] = {"Declared against seen: 30 days",
		"Déclaré et vu : 30 jours"},
	[TEXT_OVERVIEW_WINDOW] =
		{"Pairs of hosts that the sensor saw in this time, up to the writing "
		 "of this page. Numbers count all flows of such a pair, earlier ones "
		 "too. The matrix in use judges each pair by the worst it showed.",
			"Paires d'hôtes vues dans ce délai, jusqu'à l'écriture de "
			"cette page. Les nombres portent sur tous les flux d'une telle "
			"paire, y compris antérieurs ; chaque paire est jugée par la "
			"matrice en vigueur, sur ce qu'elle a montré de pire."},
	[TEXT_OVERVIEW_WINDOW_FLEET] =
		{"Pairs of hosts that the sensors saw in this time, up to the last "
		 "flow of all sensors. Numbers count all flows of such a pair, earlier "
		 "ones too. The matrix given judges each pair by the worst it showed.",
			"Paires d'hôtes vues dans ce délai, jusqu'au dernier flux de "
			"tous les capteurs. Les nombres portent sur tous les flux "
			"d'une telle paire, y compris antérieurs ; chaque paire est "
			"jugée par la matrice donnée, sur ce qu'elle a montré de "
			"pire."},
	[TEXT_OVERVIEW_OUTPUTS] = {"Outputs", "Sorties"},
	[TEXT_OVERVIEW_OUTPUTS_NONE] =
		{"No output is set: records stay in the journal.",
			"Aucune sortie n'est réglée : les enregistrements restent au "
			"journal."},
	[TEXT_OVERVIEW_OUTPUT] = {"Output", "Sortie"},
	[TEXT_OVERVIEW_DELIVERED] = {"Delivered", "Remis"},
	[TEXT_OVERVIEW_BACKLOG] = {"Bytes that wait", "Octets en attente"},
	[TEXT_OVERVIEW_WAITED] = {"Oldest waits (s)", "Attente du plus ancien (s)"},
	[TEXT_OVERVIEW_LOST] = {"Bytes lost", "Octets perdus"},
	[TEXT_OVERVIEW_PROCESSES] = {"Processes", "Processus"},
	[TEXT_OVERVIEW_PROCESS] = {"Process", "Processus"},
	[TEXT_OVERVIEW_SOURCE] = {"Watches", "Surveille"},
	[TEXT_OVERVIEW_PACKETS] = {"Packets", "Paquets"},
	[TEXT_OVERVIEW_PACKETS_LOST] = {"Packets lost", "Paquets perdus"},
	[TEXT_OVERVIEW_FLOWS_NOW] = {"Flows now", "Flux en cours"},
	[TEXT_OVERVIEW_RESTARTS] = {"Restarts", "Redémarrages"},
	[TEXT_OVERVIEW_STARTING] = {"starting", "démarre"},
	[TEXT_OVERVIEW_RUNNING] = {"running", "en marche"},
	[TEXT_OVERVIEW_DRAINING] = {"draining", "se termine"},
	[TEXT_OVERVIEW_ENDED] = {"ended", "terminé"},
	[TEXT_OVERVIEW_FAILED] = {"failed", "en échec"},
	[TEXT_OVERVIEW_DOWN] = {"down", "en panne"},
	[TEXT_OVERVIEW_CERTIFICATES] = {"Certificates that end next",
		"Certificats qui expirent en premier"},
	[TEXT_OVERVIEW_SENSORS] = {"Sensors", "Capteurs"},
	[TEXT_OVERVIEW_FILE] = {"File", "Fichier"},
	[TEXT_OVERVIEW_AGAIN] =
		{"The sensor writes this page about once a minute. The page fetches "
		 "nothing: reload it to see the next one.",
			"La page est réécrite environ une fois par minute et ne charge "
			"rien : "
			"la recharger montre la suivante."},
	[TEXT_METHOD] = {"Method and limits", "Méthode et limites"},
	[TEXT_METHOD_JUDGED] =
		{"The sensor recognised each mail flow by its bytes, on any port. It "
		 "compared both ends, by their roles, with the declared matrix.",
			"Chaque flux de messagerie a été reconnu à ses octets, sur "
			"tout port, et ses deux extrémités ont été confrontées à la "
			"matrice déclarée selon leurs rôles."},
	[TEXT_METHOD_CONFORM] =
		{"A recommendation is conform only if the sensor saw traffic that "
		 "could have breached it, and saw nine in ten of its flows far enough.",
			"Une recommandation n'est conforme que si du trafic qui aurait "
			"pu s'en écarter a été vu, et neuf de ses flux sur dix assez "
			"loin."},
	[TEXT_METHOD_TLS] =
		{"The sensor decrypts nothing. TLS 1.3 encrypts certificates: the "
		 "sensor does not see them, and never takes that for valid.",
			"Rien n'est déchiffré. En TLS 1.3 les certificats sont "
			"chiffrés et non visibles, ce qui n'est jamais tenu pour "
			"valide."},
	[TEXT_METHOD_ONCE] =
		{"The sensor observed passively, and at the named places only. It does "
		 "not cover other paths, nor what servers would answer if asked.",
			"Observation passive aux seuls points nommés : les autres "
			"chemins, et ce que des serveurs répondraient si on les "
			"interrogeait, ne sont pas couverts."},
	[TEXT_METHOD_SUMS] =
		{"Made from an observed matrix. It counts flows by pair of hosts, the "
		 "report judges each pair by its worst, and examples are the last flow "
		 "of a pair. Numbers of breaches are upper bounds. An observed matrix "
		 "has no findings without a mail flow, such as queries for mail "
		 "servers. It does not say whether flows were joined midway or had "
		 "bytes missing. So conform says less here than of a capture.",
			"Fait d'une matrice observée : les flux y sont comptés par "
			"paire d'hôtes, chaque paire est jugée sur ce qu'elle a de "
			"pire, et les exemples sont le dernier flux d'une paire. Les "
			"nombres d'écarts sont des majorants ; les écarts sans flux de "
			"messagerie, comme la recherche de serveurs, n'y sont pas, ni "
			"si des flux ont été pris en route ou ont perdu des octets : "
			"conforme dit moins ici que d'une capture."},
	[TEXT_METHOD_RECORDS] =
		{"Made from records at least in part: this matrix judged those again. "
		 "Of frames that could not be decoded, records have only the counters. "
		 "So conform says less here than of a capture. Severities are the "
		 "usual ones of a finding, and the row at fault is that of the whole "
		 "flow. An alert may have named others when the sensor raised it.",
			"Fait au moins en partie d'enregistrements : ceux-ci ont été "
			"jugés à nouveau par cette matrice. Les trames non décodées "
			"n'y "
			"figurent pas, sinon par les compteurs qui s'y trouvent : "
			"conforme dit moins ici que "
			"d'une capture. Les gravités sont celles d'usage de chaque "
			"écart, et la ligne en cause est celle du flux entier ; une "
			"alerte a pu en dire d'autres quand elle a été levée."},
	[TEXT_METHOD_PACKETS] =
		{"To find an example in a capture, use the number of its first packet, "
		 "or its time and Community ID. In records, use its event_id or "
		 "flow_id.",
			"Les exemples se retrouvent dans une capture par le numéro de "
			"leur premier paquet, ou par l'heure et le Community ID ; dans "
			"les enregistrements par event_id ou flow_id."},
	[TEXT_METHOD_GUIDE] =
		{"Recommendations are those of ANSSI-PA-066, version 3.0 of 19 "
		 "June 2020, given here in our words; the guide's own text is "
		 "what counts.",
			"Les recommandations sont celles du guide ANSSI-PA-066, "
			"version 3.0 du 19 juin 2020, redites ici avec nos mots ; seul "
			"le texte du guide fait foi."},
	[TEXT_METHOD_NO_TIME] =
		{"The report does not say when it was made: equal input gives an equal "
		 "report.",
			"Le rapport ne porte pas l'heure de sa production : à entrées "
			"égales, rapport égal."},
	[TEXT_DIGEST_TITLE] = {"Mail flows: what is new",
		"Flux de messagerie : les nouveautés"},
	[TEXT_DIGEST_SPAN] =
		{"From {} to {} UTC: mail flows {}, in the span before {}.",
			"Du {} au {} UTC : flux de messagerie {}, sur la durée "
			"précédente {}."},
	[TEXT_DIGEST_SILENT] =
		{"The sensor saw no mail flow. The last one: {}. Does the sensor still "
		 "get its traffic?",
			"Aucun flux de messagerie n'a été vu. Le dernier : {}. La "
			"sonde reçoit-elle encore son trafic ?"},
	[TEXT_DIGEST_FIRST] = {"The sensor saw nothing before: all that it saw is new.",
		"Rien n'avait été vu auparavant : tout ce qui a été vu est "
		"nouveau."},
	[TEXT_DIGEST_WHO] = {"What", "Objet"},
	[TEXT_DIGEST_WHAT] = {"News", "Nouveauté"},
	[TEXT_DIGEST_MORE] = {"And {} more.", "Et {} de plus."},
	[TEXT_DIGEST_VERDICTS] = {"Recommendations whose verdict changed",
		"Recommandations dont le constat a changé"},
	[TEXT_DIGEST_VERDICT] = {"{} (before: {})", "{} (auparavant : {})"},
	[TEXT_DIGEST_SENDERS] = {"New hosts that no row lets do what they did",
		"Nouveaux hôtes qu'aucune ligne n'autorise à ce qu'ils ont fait"},
	[TEXT_DIGEST_SENDER] = {"{}, since {}, flows: {} ({})",
		"{}, depuis le {}, flux : {} ({})"},
	[TEXT_DIGEST_CELLS] = {"Groups that speak with each other for the first time",
		"Groupes qui se parlent pour la première fois"},
	[TEXT_DIGEST_CELL] = {"{}, since {} ({})", "{}, depuis le {} ({})"},
	[TEXT_DIGEST_ROWS] = {"Rows that ended, end soon or fell silent",
		"Lignes échues, bientôt échues ou devenues muettes"},
	[TEXT_DIGEST_ROW_SILENT] = {"no longer used; last on {}",
		"plus utilisée ; la dernière fois le {}"},
	[TEXT_DIGEST_ROW_ENDED] = {"ended on {}", "échue le {}"},
	[TEXT_DIGEST_ROW_ENDING] = {"holds until {}", "vaut jusqu'au {}"},
	[TEXT_DIGEST_CERTIFICATES] = {"Certificates that ended or end soon",
		"Certificats échus ou bientôt échus"},
	[TEXT_DIGEST_CERTIFICATE] = {"ends on {}, days left: {}",
		"échoit le {}, jours restants : {}"},
	[TEXT_AUDIT] = {"What was asked: the audit", "Ce qui a été demandé : l'audit"},
	[TEXT_AUDIT_ABOUT] =
		{"What the declared domains publish and the declared servers offer, as "
		 "they last answered. What the audit could not ask is neither conform "
		 "nor breached.",
			"Ce que publient les domaines déclarés et ce que proposent les "
			"serveurs déclarés, selon leurs dernières réponses. Ce qui n'a "
			"pu être "
			"demandé n'est ni conforme ni non conforme. Les raisons sont "
			"en "
			"anglais, telles que l'audit les dit."},
	[TEXT_AUDIT_NONE] =
		{"Nothing was asked: this report has no record of `mailwarden audit`. "
		 "It says nothing about what domains publish, nor about what servers "
		 "offer inside TLS 1.3.",
			"Rien n'a été demandé : aucun enregistrement de `mailwarden "
			"audit` n'a "
			"été donné. De ce que publient les domaines et de ce que "
			"proposent les "
			"serveurs dans TLS 1.3, ce rapport ne dit rien."},
	[TEXT_AUDIT_WHAT] = {"What", "Objet"},
	[TEXT_AUDIT_DECLARED] = {"Declared", "Déclaré"},
	[TEXT_AUDIT_OBSERVED] = {"Flows observed at fault", "Flux observés en défaut"},
	[TEXT_AUDIT_AUDITED] = {"Audited", "Audité"},
	[TEXT_AUDIT_YES] = {"Yes", "Oui"},
	[TEXT_AUDIT_NO] = {"No", "Non"},
	[TEXT_AUDIT_UNKNOWN] = {"Could not ask", "Sans réponse"},
	[TEXT_AUDIT_LAST] = {"Last asked", "Dernière demande"},
	[TEXT_AUDIT_DOMAINS] = {"own domains: {}", "domaines propres : {}"},
	[TEXT_AUDIT_ROWS] = {"rows that ask for TLS: {} of {}",
		"lignes qui demandent TLS : {} sur {}"},
	[TEXT_AUDIT_NOT_ASKED] = {"not asked", "non demandé"},
	[TEXT_AUDIT_COULD_NOT] = {"could not be asked", "n'a pu être demandé"},
	[TEXT_AUDIT_NOT_OFFERED] = {"not offered", "non proposé"},
	[TEXT_AUDIT_SPF] = {"SPF: who may send for the domains",
		"SPF : qui peut émettre pour les domaines"},
	[TEXT_AUDIT_DKIM] = {"DKIM: keys that sign", "DKIM : clés de signature"},
	[TEXT_AUDIT_DMARC] = {"DMARC: what is done with what fails",
		"DMARC : sort de ce qui échoue"},
	[TEXT_AUDIT_MX] = {"MX: who takes mail from the Internet",
		"MX : qui reçoit d'Internet"},
	[TEXT_AUDIT_POLICY] = {"Policy: DNSSEC, DANE, MTA-STS, TLS-RPT",
		"Politique : DNSSEC, DANE, MTA-STS, TLS-RPT"},
	[TEXT_AUDIT_SIGN_IN] = {"R41: no sign-in in clear",
		"R41 : pas d'authentification en clair"},
	[TEXT_AUDIT_TLS] = {"R42: STARTTLS and TLS of good quality",
		"R42 : STARTTLS et TLS de bonne qualité"},
	[TEXT_AUDIT_CERTIFICATE] = {"R41, R42: certificates", "R41, R42 : certificats"},
	[TEXT_AUDIT_REQUIRETLS] = {"R42+: REQUIRETLS", "R42+ : REQUIRETLS"},
	[TEXT_AUDIT_FAULTS] = {"Answered with no", "Réponses négatives"},
	[TEXT_AUDIT_UNASKED] = {"Could not be asked", "Ce qui n'a pu être demandé"},
	[TEXT_AUDIT_SUBJECTS] = {"Who was asked", "Qui a été interrogé"},
	[TEXT_AUDIT_WHOM] = {"Asked", "Interrogé"},
	[TEXT_AUDIT_QUESTION] = {"Question", "Question"},
	[TEXT_AUDIT_WHY] = {"What was seen", "Ce qui a été vu"},
	[TEXT_AUDIT_CHECK] = {"Check", "Contrôle"},
	[TEXT_AUDIT_FROM] = {"Asked from", "Interrogé depuis"},
	[TEXT_COLON] = {": ", " : "},
	[TEXT_NONE] = {"-", "-"},
};

const char *texts_of(enum texts_language language, enum text_id id)
{
	return id >= TEXT_REPORTED_FIRST && id <= TEXT_REPORTED_LAST
		       ? texts_reported(language, id)
		       : TEXTS[id][language];
}

const char *texts_fill(
	const char *text, const char *const *values, struct text_filled *filled)
{
	size_t len = 0;
	while (*text != '\0' && len + 1 < sizeof(filled->text)) {
		if (text[0] != '{' || text[1] != '}') {
			filled->text[len++] = *text++;
			continue;
		}
		const size_t room = sizeof(filled->text) - len;
		const int wanted = snprintf(filled->text + len, room, "%s", *values++);
		len += wanted < (int)room ? (size_t)wanted : room - 1;
		text += sizeof("{}") - 1;
	}
	filled->text[len] = '\0';
	return filled->text;
}

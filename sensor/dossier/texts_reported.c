#include "dossier/texts.h"

#define FIRST TEXT_REPORTED_FIRST

static const char *const TEXTS[TEXT_REPORTED_LAST - FIRST + 1][TEXTS_LANGUAGES] = {
	[TEXT_REPORTED - FIRST] = {"Who sends as our domains, as receivers report",
		"Qui émet au nom de nos domaines, selon les destinataires"},
	[TEXT_REPORTED_ABOUT - FIRST] =
		{"DMARC and TLS reports, as `mailwarden dmarc` added them up. What "
		 "they say is a claim of whoever wrote them. A run names 100 hosts at "
		 "most; the numbers of messages cover all hosts.",
			"Rapports DMARC et TLS, tels que `mailwarden dmarc` les a "
			"additionnés. Ce qu'ils disent n'engage que qui les a écrits. "
			"Une exécution nomme 100 hôtes au plus ; les nombres de "
			"messages sont ceux de tous."},
	[TEXT_REPORTED_COUNTS - FIRST] =
		{"DMARC reports: {}. TLS reports: {}, sessions: {}, failed: {}.",
			"Rapports DMARC : {}. Rapports TLS : {}, sessions : {}, "
			"échecs : {}."},
	[TEXT_REPORTED_CLASS - FIRST] = {"Sender", "Émetteur"},
	[TEXT_REPORTED_DECLARED - FIRST] = {"Declared", "Déclaré"},
	[TEXT_REPORTED_RELAY - FIRST] =
		{"Undeclared relay: the domain's SPF lets it send, the matrix does not",
			"Relais non déclaré : le SPF du domaine l'autorise, pas la "
			"matrice"},
	[TEXT_REPORTED_SIGNER -
		FIRST] = {"Undeclared signer: it has the domain's key, or "
			  "forwards what it signed (--forwarder)",
		"Signataire non déclaré : il a la clé du domaine, ou fait suivre ce "
		"qu'elle a signé (--forwarder)"},
	[TEXT_REPORTED_FORWARDER -
		FIRST] = {"Forwarder, as declared", "Réexpéditeur déclaré"},
	[TEXT_REPORTED_FORWARDED - FIRST] = {"Forwarder or list, as receivers say",
		"Réexpéditeur ou liste, selon les destinataires"},
	[TEXT_REPORTED_SPOOFING - FIRST] =
		{"From elsewhere, and passed nothing: forged, or changed on its way",
			"D'ailleurs, et rien de valide : usurpé, ou modifié en route"},
	[TEXT_REPORTED_LOST - FIRST] = {"Without room to be distinguished",
		"Sans place pour les distinguer"},
	[TEXT_REPORTED_SENDERS -
		FIRST] = {"Hosts that send as our domains and are not declared",
		"Hôtes non déclarés qui émettent au nom de nos domaines"},
	[TEXT_REPORTED_SENDERS_NONE -
		FIRST] = {"None is reported.", "Aucun n'est signalé."},
	[TEXT_REPORTED_DECLARED_NOW -
		FIRST] = {"Reported, and declared by this matrix: {}.",
		"Signalés, et déclarés par cette matrice : {}."},
	[TEXT_REPORTED_UNKEPT - FIRST] = {"Records without room here: {}.",
		"Enregistrements sans place ici : {}."},
	[TEXT_REPORTED_DOMAIN - FIRST] = {"Domain", "Domaine"},
	[TEXT_REPORTED_MESSAGES - FIRST] = {"Messages", "Messages"},
	[TEXT_REPORTED_ALIGNED - FIRST] = {"Aligned", "Alignés"},
	[TEXT_REPORTED_BY - FIRST] = {"Reported by", "Signalé par"},
	[TEXT_REPORTED_BY_SEVERAL - FIRST] = {"{} and others", "{} et d'autres"},
	[TEXT_REPORTED_POLICIES - FIRST] = {"TLS towards our domains that failed",
		"TLS vers nos domaines en échec"},
	[TEXT_REPORTED_POLICY - FIRST] = {"Policy", "Politique"},
	[TEXT_REPORTED_SUCCEEDED - FIRST] = {"Sessions with TLS", "Sessions en TLS"},
	[TEXT_REPORTED_FAILED - FIRST] = {"Failed", "Échecs"},
	[TEXT_REPORTED_NEWS - FIRST] = {"Receivers report for the first time",
		"Les destinataires signalent pour la première fois"},
	[TEXT_REPORTED_NEWS_SENDER - FIRST] =
		{"not declared, sends as {} ({}), messages: {}, aligned: {}",
			"non déclaré, émet au nom de {} ({}), messages : {}, alignés : "
			"{}"},
	[TEXT_REPORTED_NEWS_POLICY - FIRST] =
		{"TLS towards this domain fails, sessions: {} of {}",
			"TLS vers ce domaine en échec, sessions : {} sur {}"},
	[TEXT_REPORTED_NEWS_SPOOFING - FIRST] =
		{"Messages as our domains from elsewhere that passed nothing, as "
		 "receivers report: {}, in the span before {}.",
			"Messages au nom de nos domaines, venus d'ailleurs, sans rien "
			"de valide, selon les destinataires : {}, sur la durée "
			"précédente {}."},
	[TEXT_REPORTED_BY_NOBODY -
		FIRST] = {"somebody without a name", "quelqu'un sans nom"},
	[TEXT_REPORTED_SOURCE - FIRST] =
		{"{} as {}: messages {}, aligned {} (SPF {}, DKIM {}){}{}, {} to {}; "
		 "says {}",
			"{} au nom de {} : messages {}, alignés {} (SPF {}, DKIM "
			"{}){}{}, du {} au {} ; selon {}"},
	[TEXT_REPORTED_REJECTED - FIRST] = {", rejected {}", ", refusés {}"},
	[TEXT_REPORTED_QUARANTINED -
		FIRST] = {", quarantined {}", ", mis à l'écart {}"},
	[TEXT_REPORTED_SESSIONS - FIRST] =
		{"{}, policy {}: sessions with TLS {}, failed {}, {} to {}; says {}",
			"{}, politique {} : sessions en TLS {}, échecs {}, du {} au {} "
			"; selon {}"},
	[TEXT_REPORTED_FAILURE - FIRST] = {"{}: sessions {}", "{} : sessions {}"},
	[TEXT_REPORTED_FAILURE_AT -
		FIRST] = {"{} at {}{}: sessions {}", "{} sur {}{} : sessions {}"},
	[TEXT_REPORTED_HEAD - FIRST] =
		{"DMARC reports: {}, messages: {}. TLS reports: {}, sessions: {}. "
		 "Given before: {}.",
			"Rapports DMARC : {}, messages : {}. Rapports TLS : {}, "
			"sessions : {}. Déjà donnés : {}."},
	[TEXT_REPORTED_LEFT_OUT - FIRST] =
		{"Left out: {} rows that lack what they are about, {} of other "
		 "domains.",
			"Omises : {} lignes sans ce dont elles parlent, {} d'autres "
			"domaines."},
	[TEXT_REPORTED_PARTIAL - FIRST] =
		{"Partial: no room for the sources of {} messages, and {} times for a "
		 "kind of failure.",
			"Incomplet : sans place pour les sources de {} messages, et {} "
			"fois pour une nature d'échec."},
	[TEXT_REPORTED_MORE - FIRST] = {"and {} more, messages: {} (--all)",
		"et {} de plus, messages : {} (--all)"},
	[TEXT_REPORTED_TLS - FIRST] = {"TLS towards these domains, as senders report",
		"TLS vers ces domaines, selon les émetteurs"},
};

const char *texts_reported(enum texts_language language, enum text_id id)
{
	return TEXTS[id - FIRST][language];
}

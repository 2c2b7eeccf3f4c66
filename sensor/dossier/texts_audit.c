#include "dossier/texts.h"

#include <string.h>

/* What "yes" says. The English ones are those of the run that asked. */
static const struct {
	const char *check;
	const char *question;
} FRENCH[] = {
	{"spf.valid", "il y a un enregistrement SPF, et un seul, qui peut être suivi"},
	{"spf.rest", "qui n'est pas nommé dans SPF est refusé ou mis en doute"},
	{"spf.narrow", "l'enregistrement SPF laisse peu d'adresses émettre"},
	{"spf.ptr", "l'enregistrement SPF se passe de ptr (RFC 7208, section 5.5)"},
	{"spf.published", "chaque serveur déclaré comme émettant vers Internet le peut "
			  "selon SPF"},
	{"spf.declared", "qui peut émettre selon SPF est déclaré comme émettant vers "
			 "Internet"},
	{"dkim.found", "il y a une clé pour chaque sélecteur DKIM"},
	{"dkim.valid", "la clé DKIM est utilisable"},
	{"dkim.strong", "la clé DKIM est assez longue (RFC 8301 : 2048 bits)"},
	{"dkim.earnest", "la clé DKIM n'est pas marquée comme un essai"},
	{"dmarc.found", "il y a un enregistrement DMARC pour le domaine (RFC 9989)"},
	{"dmarc.policy", "la politique DMARC fait écarter ou refuser ce qui échoue"},
	{"dmarc.subdomains", "de même pour les sous-domaines, et pour ceux qui "
			     "n'existent pas"},
	{"dmarc.earnest", "la politique DMARC n'est pas un essai"},
	{"dmarc.reports", "les rapports DMARC vont à quelqu'un qui les accepte"},
	{"dmarc.current", "l'enregistrement DMARC est sans étiquette que la RFC 9989 a "
			  "supprimée"},
	{"mx.found", "le domaine dit qui reçoit son courriel"},
	{"mx.resolves", "chaque hôte MX a une adresse"},
	{"mx.declared", "chaque hôte MX publié est déclaré comme recevant d'Internet"},
	{"mx.published", "chaque serveur déclaré comme recevant d'Internet est publié"},
	{"dnssec.signed", "le domaine est signé par DNSSEC"},
	{"tlsrpt.found", "le domaine accepte des rapports sur TLS (RFC 8460)"},
	{"mtasts.found", "le domaine dit avoir une politique MTA-STS (RFC 8461)"},
	{"mtasts.policy", "sa politique peut être lue comme le font les émetteurs : "
			  "HTTPS, un certificat valable, sans redirection"},
	{"mtasts.valid", "la politique est lisible : version, mode, max_age, mx"},
	{"mtasts.mode", "la politique est appliquée"},
	{"mtasts.max-age", "la politique est gardée une semaine au moins"},
	{"mtasts.mx", "chaque hôte MX publié est de ceux de la politique"},
	{"mtasts.declared",
		"chaque mx de la politique est un hôte MX publié, ou un nom "
		"déclaré comme recevant d'Internet"},
	{"mtasts.published", "chaque nom déclaré comme recevant d'Internet est dans la "
			     "politique"},
	{"dane.found", "chaque hôte MX a des enregistrements TLSA (RFC 7672)"},
	{"dane.valid", "les enregistrements TLSA sont utilisables : signés, usage 2 ou "
		       "3, entiers"},
	{"server.connection", "le serveur peut être interrogé"},
	{"server.greeting", "il salue comme un serveur de ce protocole"},
	{"server.sign-in-clear", "avant TLS, aucune authentification qui livre le mot "
				 "de passe n'est proposée"},
	{"server.starttls", "STARTTLS est proposé"},
	{"server.starttls-observed", "sur le réseau aussi, STARTTLS a été proposé aux "
				     "clients"},
	{"server.starttls-injection", "ce qui arrive en clair derrière STARTTLS est "
				      "écarté"},
	{"server.tls", "une négociation TLS aboutit"},
	{"server.tls-lowest", "les versions de TLS trop anciennes sont refusées"},
	{"server.tls-1.3", "TLS 1.3 est parlé"},
	{"server.suite", "la suite qu'il choisit est à l'état de l'art"},
	{"server.suites-weak", "les suites faibles sont refusées"},
	{"server.certificate-chain", "une autorité de confiance répond du certificat"},
	{"server.certificate-name", "le certificat est pour ce serveur"},
	{"server.certificate-dates", "le certificat vaut plus de 30 jours encore"},
	{"server.certificate-key", "la clé et la signature du certificat sont fortes"},
	{"server.certificate-observed", "le certificat est de ceux vus sur le réseau"},
	{"server.certificate-mtasts", "les émetteurs qui suivent la politique MTA-STS "
				      "acceptent le certificat"},
	{"server.dane", "un enregistrement TLSA de l'hôte MX vaut pour le certificat"},
	{"server.requiretls", "REQUIRETLS est proposé dans TLS, et là seulement"},
	{"server.chunking", "CHUNKING est proposé dans TLS"},
	{"server.bare-lf", "une ligne qui finit par LF seul n'est pas prise pour une "
			   "ligne"},
};

const char *texts_audit_question(
	enum texts_language language, const char *check, const char *question)
{
	const size_t count = sizeof(FRENCH) / sizeof(FRENCH[0]);
	for (size_t i = 0; language == TEXTS_FRENCH && i < count; i++) {
		if (strcmp(FRENCH[i].check, check) == 0) {
			return FRENCH[i].question;
		}
	}
	return question;
}

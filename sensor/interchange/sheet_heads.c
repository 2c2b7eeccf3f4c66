#include "interchange/sheet_heads.h"

#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

#define FOLDED_BYTES 96

/*
 * The words of each, folded, with a bar between; the first is the one that is written,
 * before it is folded in CAPTIONS.
 */
static const struct {
	const char *key;
	const char *caption;
	const char *caption_french;
	const char *english;
	const char *french;
} HEADS[SHEET_HEAD_COUNT] = {
	[SHEET_HEAD_ID] = {"id", "Row", "N°",
		"row|id|no|number|num|rule|rules|rule id|rule no|rule "
		"number|ref|flow|#",
		"n|numero|regle|regles|regle s|n de regle|id regle|id flux|n de flux|"
		"numero de flux|n flux|ligne"},
	[SHEET_HEAD_FROM] = {"from", "Source", "Source",
		"source|from|src|source zone|source group|source host|client",
		"source s|de|depuis|origine|emetteur|equipement source|zone source|"
		"groupe source|machine source|ip source"},
	[SHEET_HEAD_TO] = {"to", "Destination", "Destination",
		"destination|to|dst|dest|destination zone|destination group|"
		"destination host|target|server",
		"destination s|vers|cible|destinataire|recepteur|serveur|"
		"equipement destination|zone destination|groupe destination|"
		"machine destination|ip destination"},
	[SHEET_HEAD_ENDS] = {NULL, "Flow", "Flux",
		"source destination|from to|source to destination",
		"flux|de vers|source vers destination|source cible"},
	[SHEET_HEAD_DIRECTION] = {NULL, "Direction", "Sens", "direction|way",
		"sens|sens du flux"},
	[SHEET_HEAD_ACTION] = {NULL, "Action", "Action",
		"action|decision|verdict|permission|policy|allow|allowed|permitted|"
		"authorized|authorised",
		"autorise|autorisee|autorisation|autorise o n|politique|filtrage"},
	[SHEET_HEAD_STATUS] = {NULL, "Status", "Statut", "status|state|enabled|active",
		"statut|etat|actif|etat du flux|"
		"statut du flux"},
	[SHEET_HEAD_PROTOCOLS] = {"protocols", "Protocol", "Protocole",
		"protocol|protocols|proto|service|services|application|"
		"protocol port|protocols ports|proto port|service port|protocol ports",
		"protocole|protocoles|protocole s|protocole port|protocoles ports|"
		"proto ports|service s|protocole applicatif|protocole et port"},
	[SHEET_HEAD_PORTS] = {"ports", "Port", "Port",
		"port|ports|port s|destination port|dst port|dest port|tcp port",
		"port destination|ports destination|port s destination|port tcp|"
		"port de destination|n de port|numero de port"},
	[SHEET_HEAD_TLS] = {"tls", "TLS", "TLS", "tls|encryption|encrypted",
		"chiffrement|chiffre|ssl tls|tls ssl"},
	[SHEET_HEAD_MIN_TLS] = {"min_tls", "Minimum TLS", "TLS minimal",
		"minimum tls|min tls|tls version|minimum tls version",
		"tls minimal|tls minimum|version tls|version tls minimale"},
	[SHEET_HEAD_CLIENT_CERTIFICATE] = {"client_certificate", "Client certificate",
		"Certificat client", "client certificate", "certificat client"},
	[SHEET_HEAD_PROBE] = {"probe", "Probe", "Sonde", "probe", "sonde"},
	[SHEET_HEAD_EXPIRES] = {"expires", "Expires", "Échéance",
		"expires|expiry|expiration|expiration date|valid until|end date|"
		"expiry date",
		"echeance|date d expiration|date d echeance|date de fin|fin|expire le|"
		"fin de validite|valable jusqu au"},
	[SHEET_HEAD_LEARNED] = {"learned", "Learned", "Appris le", "learned|learned on",
		"appris le|appris|date d apprentissage"},
	[SHEET_HEAD_MODE] = {"mode", "Mode", "Mode", "mode", "mode d application"},
	[SHEET_HEAD_OWNER] = {"owner", "Owner", "Propriétaire",
		"owner|responsible|contact|requester",
		"proprietaire|responsable|referent|demandeur"},
	[SHEET_HEAD_TICKET] = {"ticket", "Ticket", "Ticket",
		"ticket|ticket no|request|change|reference",
		"demande|n de ticket|n de demande|numero de ticket|reference demande"},
	[SHEET_HEAD_COMMENT] = {"comment", "Comment", "Objet",
		"comment|comments|description|purpose|remark|remarks|note|notes|"
		"justification|subject",
		"objet|commentaire|commentaires|remarque|remarques|objet du flux|usage|"
		"besoin|libelle|designation|observations"},
	[SHEET_HEAD_ACCEPTS] = {"accepts", "Accepts", "Dérogation", "accepts|accepted",
		"derogation|derogations|accepte"},
	[SHEET_HEAD_REASON] = {"reason", "Reason", "Motif", "reason", "motif|raison"},
	[SHEET_HEAD_UNTIL] = {"until", "Until", "Jusqu'au", "until|accepted until",
		"jusqu au|fin de derogation"},
	[SHEET_HEAD_ZONE] = {"zone", "Zone", "Zone", "zone|zones", "zone reseau"},
	[SHEET_HEAD_GROUP] = {NULL, "Group", "Groupe", "group|groups",
		"groupe|groupes"},
	[SHEET_HEAD_ROLE] = {"role", "Role", "Rôle", "role", "fonction"},
	[SHEET_HEAD_SERVICE] = {"service", "Use", "Usage du groupe", "use",
		"usage du groupe"},
	[SHEET_HEAD_ADDRESSES] = {"addresses", "Addresses", "Adresses",
		"addresses|address|ip|ips|ip address|ip addresses|network|networks|"
		"prefixes|subnet|subnets",
		"adresses|adresse|adresse ip|adresses ip|adresse s|reseau|reseaux|"
		"sous reseau|plage"},
	[SHEET_HEAD_NAMES] = {"names", "Names", "Noms",
		"names|name|dns names|host names|hostnames|fqdn",
		"noms|nom|noms dns|nom dns|nom d hote"},
	[SHEET_HEAD_SNI] = {"sni", "SNI", "SNI", "sni", "nom tls"},
	[SHEET_HEAD_CERTIFICATE] = {"certificate", "Certificate", "Certificat",
		"certificate", "certificat"},
	[SHEET_HEAD_TUNNEL] = {NULL, "Tunnel", "Tunnel", "tunnel|tunnels", "tunnel s"},
	[SHEET_HEAD_KIND] = {"kind", "Kind", "Type", "kind", "type|genre"},
	[SHEET_HEAD_TUNNEL_ENDS] = {"ends", "Ends", "Extrémités", "ends|tunnel ends",
		"extremites"},
	[SHEET_HEAD_DOMAIN] = {NULL, "Domain", "Domaine", "domain|mail domain",
		"domaine|domaine de messagerie"},
	[SHEET_HEAD_OWN] = {"own", "Own", "Propre", "own", "propre"},
	[SHEET_HEAD_SELECTORS] = {"selectors", "Selectors", "Sélecteurs",
		"selectors|dkim selectors", "selecteurs|selecteurs dkim"},
	[SHEET_HEAD_SENDERS] = {"senders", "Senders", "Émetteurs", "senders",
		"emetteurs"},
	[SHEET_HEAD_FORWARDERS] = {"forwarders", "Forwarders", "Réexpéditeurs",
		"forwarders", "reexpediteurs"},
	[SHEET_HEAD_EXPECTED_OF] = {NULL, "Expected of", "Attendu de",
		"expected of|expects of", "attendu de"},
	[SHEET_HEAD_EXPECTED] = {"expects", "Header fields", "Champs d'en-tête",
		"header fields|expects", "champs d en tete|en tetes"},
	[SHEET_HEAD_LIST] = {NULL, "List", "Liste", "list", "liste"},
	[SHEET_HEAD_LIST_KIND] = {"kind", "Kind of list", "Nature de la liste",
		"kind of list", "nature de la liste"},
	[SHEET_HEAD_FILE] = {"file", "File", "Fichier", "file", "fichier"},
	[SHEET_HEAD_FORMAT] = {"format", "Format", "Format", "format",
		"format du fichier"},
	[SHEET_HEAD_SEVERITY] = {"severity", "Severity", "Gravité", "severity",
		"gravite"},
	[SHEET_HEAD_SHRINKS] = {"shrinks", "May shrink", "Peut rétrécir", "may shrink",
		"peut retrecir"},
	[SHEET_HEAD_PROFILE] = {"profile", "Profile", "Profil", "profile", "profil"},
};

/* Latin letters with accents by their base, from U+00C0 on; '?' is none. */
static const char BASES[] = "aaaaaa?ceeeeiiii?nooooo?ouuuuy??"
			    "aaaaaa?ceeeeiiii?nooooo?ouuuuy?y";

static bool is_word(uint32_t code)
{
	return (code >= '0' && code <= '9') || (code >= 'a' && code <= 'z') ||
	       (code >= 0xc0 && utf8_is_letter(code));
}

static uint32_t fold_code(uint32_t code)
{
	if (code >= 'A' && code <= 'Z') {
		return code + ('a' - 'A');
	}
	if (code >= 0xc0 && code <= 0xff && BASES[code - 0xc0] != '?') {
		return (uint32_t)BASES[code - 0xc0];
	}
	return code;
}

void sheet_fold(const char *text, char *folded, size_t size)
{
	size_t used = 0;
	bool is_gap = false;
	while (*text != '\0' && used + 2 < size) {
		uint32_t code;
		const size_t len = utf8_read(text, &code);
		const char *letter = text;
		code = len ? fold_code(code) : ' ';
		text += len ? len : 1;
		if (code >= 0x300 && code < 0x370) {
			continue; /* an accent by itself */
		}
		if (!is_word(code)) {
			is_gap = used > 0;
			continue;
		}
		if (is_gap) {
			folded[used++] = ' ';
			is_gap = false;
		}
		if (code < 0x80) {
			folded[used++] = (char)code;
		} else if (used + len + 2 < size) { /* of another writing: as it is */
			memcpy(folded + used, letter, len);
			used += len;
		}
	}
	folded[used] = '\0';
}

/* One of "a|b|c". */
static bool is_among(const char *words, const char *word)
{
	const size_t len = strlen(word);
	while (words) {
		if (strncmp(words, word, len) == 0 &&
			(words[len] == '|' || words[len] == '\0')) {
			return true;
		}
		words = strchr(words, '|');
		words = words ? words + 1 : NULL;
	}
	return false;
}

enum sheet_head sheet_head_find(const char *text, bool *is_french)
{
	char folded[FOLDED_BYTES];
	sheet_fold(text, folded, sizeof(folded));
	const char *word = strcmp(text, "#") == 0 ? text : folded;
	bool is_other = false;
	int head = *word == '\0' ? SHEET_HEAD_COUNT : 1;
	while (head < SHEET_HEAD_COUNT && !is_among(HEADS[head].english, word)) {
		is_other = is_among(HEADS[head].french, word);
		if (is_other) {
			break;
		}
		head++;
	}
	if (is_french) {
		*is_french = is_other;
	}
	return head < SHEET_HEAD_COUNT ? (enum sheet_head)head : SHEET_HEAD_NONE;
}

const char *sheet_head_word(enum sheet_head head, bool is_french)
{
	return is_french ? HEADS[head].caption_french : HEADS[head].caption;
}

const char *sheet_head_key(enum sheet_head head)
{
	return HEADS[head].key;
}

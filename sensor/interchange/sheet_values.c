/* What single cells say: fixed words, days, lists, services. */
#include "base/utf8.h"
#include "classify/protocol.h"
#include "interchange/sheet_tables.h"

#include <stdio.h>
#include <string.h>

bool sheet_has_head(const struct sheet_tables *tables, enum sheet_head head)
{
	size_t at = 0;
	while (at < tables->columns.count && tables->columns.heads[at] != head) {
		at++;
	}
	return at < tables->columns.count;
}

const struct sheet_cell *sheet_cell_of(const struct sheet_tables *tables,
	const struct sheet_line *line, enum sheet_head head)
{
	const struct sheet_columns *columns = &tables->columns;
	for (size_t i = 0; i < columns->count && i < line->count; i++) {
		if (columns->heads[i] == head && line->cells[i].text[0] != '\0') {
			return &line->cells[i];
		}
	}
	return NULL;
}

enum sheet_stand sheet_stand_of(const char *text)
{
	static const char YES[] = "|allow|allowed|allows|accept|accepted|permit|"
				  "permitted|pass|autoriser|autorise|autorisee|"
				  "accepter|accepte|acceptee|ouvrir|ouvert|ouverte|"
				  "oui|yes|o|y|ok|x|vrai|true|1|actif|active|activee|"
				  "enabled|valide|validee|valid|en service|in service|"
				  "en production|in production|production|en place|"
				  "in force|live|";
	static const char NO[] = "|deny|denied|denies|drop|dropped|reject|rejected|"
				 "block|blocked|refuse|refused|refuser|refusee|"
				 "interdire|interdit|interdite|bloquer|bloque|bloquee|"
				 "rejeter|rejete|rejetee|fermer|ferme|fermee|non|no|n|"
				 "faux|false|0|ko|inactif|inactive|desactive|"
				 "desactivee|disabled|supprime|supprimee|a supprimer|"
				 "deleted|removed|obsolete|hors service|expire|expiree|"
				 "expired|revoked|abandonne|abandonnee|closed|";
	char folded[64];
	char word[sizeof(folded) + 2];
	sheet_fold(text, folded, sizeof(folded));
	(void)snprintf(word, sizeof(word), "|%s|", folded);
	if (strstr(YES, word)) {
		return SHEET_STAND_YES;
	}
	return strstr(NO, word) ? SHEET_STAND_NO : SHEET_STAND_UNKNOWN;
}

/* Fixed words of a matrix in French, folded, and as forms have them. */
static const struct {
	enum sheet_head head;
	const char *folded;
	const char *word;
} WORDS[] = {
	{SHEET_HEAD_TLS, "obligatoire", "required"},
	{SHEET_HEAD_TLS, "requis", "required"},
	{SHEET_HEAD_TLS, "facultatif", "optional"},
	{SHEET_HEAD_TLS, "optionnel", "optional"},
	{SHEET_HEAD_TLS, "implicite", "implicit"},
	{SHEET_HEAD_TLS, "propose", "offered"},
	{SHEET_HEAD_MIN_TLS, "tls 1 0", "1.0"},
	{SHEET_HEAD_MIN_TLS, "tls 1 1", "1.1"},
	{SHEET_HEAD_MIN_TLS, "tls 1 2", "1.2"},
	{SHEET_HEAD_MIN_TLS, "tls 1 3", "1.3"},
	{SHEET_HEAD_CLIENT_CERTIFICATE, "obligatoire", "required"},
	{SHEET_HEAD_CLIENT_CERTIFICATE, "requis", "required"},
	{SHEET_HEAD_CLIENT_CERTIFICATE, "facultatif", "optional"},
	{SHEET_HEAD_PROBE, "oui", "yes"},
	{SHEET_HEAD_PROBE, "non", "no"},
	{SHEET_HEAD_OWN, "oui", "yes"},
	{SHEET_HEAD_OWN, "non", "no"},
	{SHEET_HEAD_MODE, "application", "enforce"},
	{SHEET_HEAD_ROLE, "soumission", "submission"},
	{SHEET_HEAD_ROLE, "boites", "mailbox"},
	{SHEET_HEAD_ROLE, "relais", "relay"},
	{SHEET_HEAD_ROLE, "sortant", "outbound"},
	{SHEET_HEAD_ROLE, "entrant", "inbound"},
	{SHEET_HEAD_ROLE, "mandataire", "proxy"},
	{SHEET_HEAD_ROLE, "resolveur", "resolver"},
	{SHEET_HEAD_SERVICE, "bureautique", "office"},
	{SHEET_HEAD_SERVICE, "metier", "business"},
	{SHEET_HEAD_SERVICE, "technique", "technical"},
};

/* The word of the matrix for it; those that are words of it in other case as well. */
static const char *word_of(
	struct sheet_tables *tables, enum sheet_head head, const char *text)
{
	static const enum sheet_head FIXED[] = {SHEET_HEAD_TLS, SHEET_HEAD_MODE,
		SHEET_HEAD_ROLE, SHEET_HEAD_SERVICE, SHEET_HEAD_PROBE,
		SHEET_HEAD_CLIENT_CERTIFICATE, SHEET_HEAD_SNI, SHEET_HEAD_CERTIFICATE,
		SHEET_HEAD_KIND, SHEET_HEAD_OWN, SHEET_HEAD_PROFILE};
	char folded[64];
	sheet_fold(text, folded, sizeof(folded));
	for (size_t i = 0; i < sizeof(WORDS) / sizeof(WORDS[0]); i++) {
		if (WORDS[i].head == head && strcmp(WORDS[i].folded, folded) == 0) {
			return WORDS[i].word;
		}
	}
	for (size_t i = 0; i < sizeof(FIXED) / sizeof(FIXED[0]); i++) {
		if (FIXED[i] == head && !strchr(folded, ' ')) {
			return arena_text(tables->arena, folded, strlen(folded));
		}
	}
	return text;
}

/* "30/06/2027" below a French head is 2027-06-30; all else is for the loader to judge. */
static const char *day_of(struct sheet_tables *tables, const char *text, bool is_french)
{
	static const char DIGITS[] = "0123456789";
	if (!is_french || strspn(text, DIGITS) != 2 || text[2] != '/' ||
		strspn(text + 3, DIGITS) != 2 || text[5] != '/' ||
		strspn(text + 6, DIGITS) != 4 || text[10] != '\0') {
		return text;
	}
	char day[16];
	(void)snprintf(day, sizeof(day), "%.4s-%.2s-%.2s", text + 6, text + 3, text);
	return arena_text(tables->arena, day, strlen(day));
}

/* A matrix has no value of several lines: a gap of any kind is one blank. */
static const char *one_line(struct sheet_tables *tables, const char *text)
{
	char *line = arena_take(tables->arena, strlen(text) + 1);
	size_t used = 0;
	for (; *text != '\0'; text++) {
		const bool is_break = *text == '\n' || *text == '\t';
		if (!is_break) {
			line[used++] = *text;
		} else if (used > 0 && line[used - 1] != ' ') {
			line[used++] = ' ';
		}
	}
	utf8_make_printable(line);
	return line;
}

/* The value of a cell as a matrix has it. */
static struct yaml_node *value_of(struct sheet_tables *tables,
	const struct sheet_cell *cell, enum sheet_head head, bool is_french)
{
	const struct yaml_node place = sheet_place(cell);
	switch (head) {
	case SHEET_HEAD_ACCEPTS:
	case SHEET_HEAD_ADDRESSES:
	case SHEET_HEAD_NAMES:
	case SHEET_HEAD_TUNNEL_ENDS:
	case SHEET_HEAD_SELECTORS:
	case SHEET_HEAD_SENDERS:
	case SHEET_HEAD_FORWARDERS:
		return sheet_list(tables, cell, cell->text);
	case SHEET_HEAD_EXPIRES:
	case SHEET_HEAD_LEARNED:
	case SHEET_HEAD_UNTIL:
		return tree_scalar(
			tables->arena, day_of(tables, cell->text, is_french), &place);
	default:
		return tree_scalar(tables->arena,
			word_of(tables, head, one_line(tables, cell->text)), &place);
	}
}

void sheet_put_columns(struct sheet_tables *tables, struct yaml_node *into,
	const struct sheet_line *line, enum sheet_head first, enum sheet_head last)
{
	const struct sheet_columns *columns = &tables->columns;
	for (size_t i = 0; i < columns->count && i < line->count; i++) {
		const enum sheet_head head = columns->heads[i];
		const char *key = sheet_head_key(head);
		if (key && head >= first && head <= last &&
			line->cells[i].text[0] != '\0') {
			tree_put(tables->arena, into, key,
				value_of(tables, &line->cells[i], head,
					columns->is_french[i]));
		}
	}
}

void sheet_put_conditions(struct sheet_tables *tables, struct yaml_node *row,
	const struct sheet_line *line)
{
	sheet_put_columns(tables, row, line, SHEET_HEAD_TLS, SHEET_HEAD_UNTIL);
}

void sheet_put_service(struct sheet_tables *tables, struct yaml_node *row,
	const struct sheet_cell *cell, const struct sheet_service *service)
{
	const struct yaml_node place = sheet_place(cell);
	struct yaml_node *list = tree_new(tables->arena, YAML_SEQUENCE, &place);
	uint32_t left = service->protocols;
	if (left == PROTOCOL_BITS_OF_MAIL) {
		tree_append(list, tree_scalar(tables->arena, "all", &place));
		left = 0;
	}
	for (; left; left &= left - 1) {
		const enum protocol protocol = (enum protocol)__builtin_ctz(left);
		tree_append(list,
			tree_scalar(tables->arena, protocol_name(protocol), &place));
	}
	tree_put(tables->arena, row, "protocols", list);
	if (service->ports[0] != '\0') {
		tree_put(tables->arena, row, "ports",
			sheet_list(tables, cell, service->ports));
	}
}

#include "matrix/loader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PORTS 65536u

#define ENDS_MAX 64      /* of one side of a row as written */
#define ROWS_MAX 1000000 /* pairs of ends of all rows */

struct row_ends {
	struct matrix_end list[ENDS_MAX];
	size_t count;
};

struct row_draft {
	struct loader_acceptance accepted; /* first: see there */
	struct matrix_row row;
	struct row_ends from;
	struct row_ends to;
	const struct yaml_node *node;
	const struct yaml_node *probe; /* its value; NULL without */
	uint8_t ports[PORTS / 8];      /* bit per declared port */
	bool has_ports;
};

static void read_id(struct loader *loader, const struct yaml_node *value, void *into)
{
	struct row_draft *draft = into;
	const char *id = loader_name(loader, value, "id");
	if (!id) {
		return;
	}
	draft->row.id = id;
	draft->row.place = loader_place(loader, value);
	const uint32_t earlier = name_table_add(
		&loader->row_ids, id, (uint32_t)loader->matrix->row_count);
	if (earlier != NAME_NONE) {
		const struct matrix_place *place = &loader->matrix->rows[earlier].place;
		loader_fail(loader, value, "id \"%s\" is already used at %s:%u", id,
			place->file, place->line);
	}
}

/* False: told. */
static bool find_end(
	struct loader *loader, const struct yaml_node *value, struct matrix_end *end)
{
	const struct matrix *matrix = loader->matrix;
	const char *text = loader_text(loader, value, "an end of a row");
	if (!text) {
		return false;
	}
	uint32_t index = name_table_find(&matrix->group_names, text);
	if (index != NAME_NONE) {
		end->group = &matrix->groups[index];
		return true;
	}
	index = name_table_find(&matrix->zone_names, text);
	if (index != NAME_NONE) {
		end->zone = &matrix->zones[index];
		return true;
	}
	struct name_nearest search = {.wrong = text};
	if (loader->suggestion_count++ < LOADER_SUGGESTIONS_MAX) {
		name_nearest_offer_table(&search, &matrix->group_names);
		name_nearest_offer_table(&search, &matrix->zone_names);
	}
	struct address address;
	char hint[LOADER_HINT_BYTES];
	loader_fail(loader, value, "\"%.63s\" is no declared group or zone%s%s", text,
		loader_hint(search.nearest, hint),
		address_parse(text, &address) ? "; put the address into a group" : "");
	return false;
}

static void add_end(struct loader *loader, const struct yaml_node *item, void *into)
{
	struct row_ends *ends = into;
	struct matrix_end end = {.group = NULL};
	if (!find_end(loader, item, &end)) {
		return;
	}
	for (size_t i = 0; i < ends->count; i++) { /* ENDS_MAX */
		if (ends->list[i].group == end.group &&
			ends->list[i].zone == end.zone) {
			loader_fail(
				loader, item, "\"%.63s\" is written twice", item->text);
			return;
		}
	}
	if (ends->count == ENDS_MAX) {
		loader_fail(loader, item, "more than %d ends; make one group of them",
			ENDS_MAX);
		return;
	}
	ends->list[ends->count++] = end;
}

static void read_from(struct loader *loader, const struct yaml_node *value, void *into)
{
	static const struct loader_items FROM = {"from", add_end};
	loader_list(loader, value, &FROM, &((struct row_draft *)into)->from);
}

static void read_to(struct loader *loader, const struct yaml_node *value, void *into)
{
	static const struct loader_items TO = {"to", add_end};
	loader_list(loader, value, &TO, &((struct row_draft *)into)->to);
}

static void unknown_protocol(
	struct loader *loader, const struct yaml_node *item, const char *text)
{
	struct name_nearest search = {.wrong = text};
	for (int i = PROTOCOL_UNKNOWN + 1; i < PROTOCOL_ATTEMPT; i++) {
		name_nearest_offer(&search, protocol_name((enum protocol)i));
	}
	char hint[LOADER_HINT_BYTES];
	const bool is_web = strcmp(text, "https") == 0 || strcmp(text, "http") == 0;
	loader_fail(loader, item, "\"%.40s\" is no mail protocol%s", text,
		is_web ? "; mail inside it is \"exchange-https\" (or mapi-http, "
			 "outlook-anywhere, eas, ews)"
		       : loader_hint(search.nearest, hint));
}

static void read_protocol(
	struct loader *loader, const struct yaml_node *item, void *into)
{
	struct row_draft *draft = into;
	const char *text = loader_text(loader, item, "a protocol");
	if (!text) {
		return;
	}
	if (strcmp(text, "all") == 0) {
		draft->row.protocols = PROTOCOL_BITS_OF_MAIL;
		return;
	}
	const enum protocol protocol = protocol_by_name(text);
	if (protocol == PROTOCOL_UNKNOWN || protocol >= PROTOCOL_ATTEMPT) {
		unknown_protocol(loader, item, text);
		return;
	}
	draft->row.protocols |= PROTOCOL_BIT(protocol);
}

static void read_protocols(
	struct loader *loader, const struct yaml_node *value, void *into)
{
	static const struct loader_items PROTOCOLS = {"protocols", read_protocol};
	loader_list(loader, value, &PROTOCOLS, into);
}

static void read_tls(struct loader *loader, const struct yaml_node *value, void *into)
{
	struct row_draft *draft = into;
	int tls;
	if (loader_word(loader, value, words_of_tls(), "tls", &tls)) {
		draft->row.tls = (enum matrix_tls)tls;
	}
}

static void read_min_tls(
	struct loader *loader, const struct yaml_node *value, void *into)
{
	struct row_draft *draft = into;
	int version;
	if (loader_word(loader, value, words_of_versions(), "min_tls", &version)) {
		draft->row.min_tls = (uint16_t)version;
	}
}

static void read_client_certificate(
	struct loader *loader, const struct yaml_node *value, void *into)
{
	static const struct word ANSWERS[] = {
		{"required", 1}, {"optional", 0}, {NULL, 0}};
	struct row_draft *draft = into;
	int answer;
	if (loader_word(loader, value, ANSWERS, "client_certificate", &answer)) {
		draft->row.is_client_certificate_required = answer == 1;
	}
}

static void read_probe(struct loader *loader, const struct yaml_node *value, void *into)
{
	struct row_draft *draft = into;
	int answer;
	if (loader_word(loader, value, words_of_answers(), "probe", &answer)) {
		draft->row.is_probe = answer == 1;
		draft->probe = value;
	}
}

static bool read_number(const char **text, unsigned long *value)
{
	if (**text < '0' || **text > '9') {
		return false;
	}
	char *end = NULL;
	*value = strtoul(*text, &end, 10);
	*text = end;
	return *value >= 1 && *value < PORTS;
}

static void read_port(struct loader *loader, const struct yaml_node *item, void *into)
{
	struct row_draft *draft = into;
	const char *text = loader_text(loader, item, "a port");
	if (!text) {
		return;
	}
	if (strcmp(text, "all") == 0) {
		draft->row.is_any_port = true;
		return;
	}
	const char *at = text;
	unsigned long first = 0;
	unsigned long last = 0;
	bool is_good = read_number(&at, &first);
	last = first;
	if (is_good && *at == '-') {
		at++;
		is_good = read_number(&at, &last);
	}
	if (!is_good || *at || last < first) {
		loader_fail(loader, item,
			"\"%.40s\" is no port (1 to 65535), range of ports (2525-2530) "
			"or \"all\"",
			text);
		return;
	}
	draft->has_ports = true;
	for (unsigned long port = first; port <= last; port++) {
		draft->ports[port / 8] |= (uint8_t)(1u << port % 8);
	}
}

static void read_ports(struct loader *loader, const struct yaml_node *value, void *into)
{
	static const struct loader_items PORT_ITEMS = {"ports", read_port};
	loader_list(loader, value, &PORT_ITEMS, into);
}

static void read_expires(
	struct loader *loader, const struct yaml_node *value, void *into)
{
	struct row_draft *draft = into;
	loader_date(loader, value, "expires", &draft->row.expires_s);
}

static void read_learned(
	struct loader *loader, const struct yaml_node *value, void *into)
{
	struct row_draft *draft = into;
	loader_date(loader, value, "learned", &draft->row.learned_s);
}

static void read_mode(struct loader *loader, const struct yaml_node *value, void *into)
{
	struct row_draft *draft = into;
	int mode;
	if (loader_word(loader, value, words_of_modes(), "mode", &mode)) {
		draft->row.mode = (enum matrix_mode)mode;
	}
}

static void read_ticket(
	struct loader *loader, const struct yaml_node *value, void *into)
{
	loader_note(loader, value, "ticket", &((struct row_draft *)into)->row.ticket);
}

static void read_comment(
	struct loader *loader, const struct yaml_node *value, void *into)
{
	loader_note(loader, value, "comment", &((struct row_draft *)into)->row.comment);
}

static const struct loader_key ROW_KEYS[] = {
	{"id", true, read_id},
	{"from", true, read_from},
	{"to", true, read_to},
	{"protocols", true, read_protocols},
	{"tls", false, read_tls},
	{"min_tls", false, read_min_tls},
	{"client_certificate", false, read_client_certificate},
	{"ports", false, read_ports},
	{"probe", false, read_probe},
	{"expires", false, read_expires},
	{"learned", false, read_learned},
	{"mode", false, read_mode},
	{"owner", false, loader_owner_note},
	{"ticket", false, read_ticket},
	{"comment", false, read_comment},
	{"accepts", false, loader_accepts},
	{"reason", false, loader_reason},
	{"until", false, loader_until},
	{NULL, false, NULL},
};

static void keep_ports(struct matrix *matrix, struct row_draft *draft)
{
	size_t count = 0;
	for (size_t i = 0; i < sizeof(draft->ports); i++) {
		count += (size_t)__builtin_popcount(draft->ports[i]);
	}
	if (count == 0 || draft->row.is_any_port) {
		return;
	}
	uint16_t *ports = arena_array(&matrix->arena, count, sizeof(*ports));
	draft->row.ports = ports;
	draft->row.port_count = count;
	for (unsigned port = 1; port < PORTS; port++) {
		if (draft->ports[port / 8] >> port % 8 & 1) {
			*ports++ = (uint16_t)port;
		}
	}
}

/* The id of a row for its other errors, before the row is read; NULL without. */
static const char *id_of(const struct yaml_node *node)
{
	const struct yaml_node *key = node->kind == YAML_MAPPING ? node->first : NULL;
	for (; key; key = key->next->next) {
		const bool is_scalar =
			key->kind == YAML_SCALAR && key->next->kind == YAML_SCALAR;
		if (is_scalar && strcmp(key->text, "id") == 0) {
			return key->next->text;
		}
	}
	return NULL;
}

/* Elsewhere nobody can tell that nothing was sent, or read. */
static void check_probe(struct loader *loader, const struct row_draft *draft)
{
	const uint32_t clear = PROTOCOL_BIT(PROTOCOL_SMTP) |
			       PROTOCOL_BIT(PROTOCOL_SUBMISSION) |
			       PROTOCOL_BIT(PROTOCOL_LMTP);
	if (draft->row.is_probe && (draft->row.protocols & ~clear) != 0) {
		loader_fail(loader, draft->probe,
			"probe is for smtp, submission and lmtp alone");
	}
}

/* Every end of one side with every one of the other is a row that is looked up. */
static void keep_row(struct loader *loader, const struct row_draft *draft,
	const struct matrix_end *from, const struct matrix_end *to)
{
	struct matrix *matrix = loader->matrix;
	const struct matrix_zone *internet = &matrix->zones[0];
	struct matrix_row row = draft->row;
	row.from = *from;
	row.to = *to;
	row.is_continued = from != draft->from.list || to != draft->to.list;
	if (row.tls == 0 && row.is_probe) {
		row.tls = MATRIX_TLS_OPTIONAL; /* nothing crosses */
	} else if (row.tls == 0) {
		row.tls = from->zone == internet || to->zone == internet
				  ? MATRIX_TLS_OFFERED
				  : MATRIX_TLS_REQUIRED;
	}
	matrix->rows =
		list_room(matrix->rows, matrix->row_count, sizeof(*matrix->rows));
	matrix->rows[matrix->row_count++] = row;
}

static void keep_rows(struct loader *loader, const struct row_draft *draft)
{
	const struct row_ends *from = &draft->from;
	const struct row_ends *to = &draft->to;
	if (loader->matrix->row_count + from->count * to->count > ROWS_MAX) {
		loader_fail(
			loader, draft->node, "more than %d pairs of ends", ROWS_MAX);
		return;
	}
	/* one that misses an end is kept as well: it is told, and its id is taken */
	for (size_t i = 0; i == 0 || i < from->count; i++) {
		for (size_t j = 0; j == 0 || j < to->count; j++) {
			keep_row(loader, draft, &from->list[i], &to->list[j]);
		}
	}
}

static void read_row(struct loader *loader, const struct yaml_node *node)
{
	struct matrix *matrix = loader->matrix;
	struct row_draft draft = {.node = node, .row.id = ""};
	const char *id = id_of(node);
	char what[80];
	(void)snprintf(what, sizeof(what), id ? "row %.63s" : "a row", id);
	draft.row.place = loader_place(loader, node);
	loader_mapping(loader, node, ROW_KEYS, what, &draft);
	check_probe(loader, &draft);
	draft.row.owner = draft.accepted.acceptance.owner;
	draft.row.acceptance = loader_acceptance(loader, &draft.accepted, what);
	if (draft.has_ports) {
		keep_ports(matrix, &draft);
	}
	keep_rows(loader, &draft);
}

void loader_rows(struct loader *loader, const struct yaml_node *node)
{
	if (yaml_is_null(node)) {
		return;
	}
	if (node->kind != YAML_SEQUENCE) {
		loader_fail(loader, node, "\"rows\" must be a list, not %s",
			yaml_kind_name(node->kind));
		return;
	}
	for (const struct yaml_node *row = node->first; row; row = row->next) {
		read_row(loader, row);
	}
}

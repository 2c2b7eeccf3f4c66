/* A line of a list of flows: its ends, their direction, its id, its services. */
#include "interchange/sheet_tables.h"

#include <stdio.h>
#include <string.h>

/* "->" and its kin. */
enum way { WAY_FORTH = 0, WAY_BACK, WAY_BOTH, WAY_UNKNOWN };

static enum way way_of(const char *text)
{
	static const struct {
		const char *text;
		enum way way;
	} ARROWS[] = {
		{"<->", WAY_BOTH},
		{"<=>", WAY_BOTH},
		{"<>", WAY_BOTH},
		{"↔", WAY_BOTH},
		{"⇔", WAY_BOTH},
		{"⇄", WAY_BOTH},
		{"->", WAY_FORTH},
		{"=>", WAY_FORTH},
		{"→", WAY_FORTH},
		{"⇒", WAY_FORTH},
		{">", WAY_FORTH},
		{"<-", WAY_BACK},
		{"<=", WAY_BACK},
		{"←", WAY_BACK},
		{"⇐", WAY_BACK},
		{"<", WAY_BACK},
	};
	/* from where a flow is seen says nothing of who begins it: source does */
	static const char *const WORDS_FORTH[] = {"unidirectionnel", "unidirectional",
		"sortant", "entrant", "in", "out", "inbound", "outbound", "ingress",
		"egress", "aller", "uni"};
	static const char *const WORDS_BOTH[] = {"bidirectionnel", "bidirectional",
		"bi", "both", "les deux", "aller retour"};
	char folded[64];
	for (size_t i = 0; i < sizeof(ARROWS) / sizeof(ARROWS[0]); i++) {
		if (strcmp(ARROWS[i].text, text) == 0) {
			return ARROWS[i].way;
		}
	}
	sheet_fold(text, folded, sizeof(folded));
	for (size_t i = 0; i < sizeof(WORDS_FORTH) / sizeof(WORDS_FORTH[0]); i++) {
		if (strcmp(WORDS_FORTH[i], folded) == 0) {
			return WAY_FORTH;
		}
	}
	for (size_t i = 0; i < sizeof(WORDS_BOTH) / sizeof(WORDS_BOTH[0]); i++) {
		if (strcmp(WORDS_BOTH[i], folded) == 0) {
			return WAY_BOTH;
		}
	}
	return WAY_UNKNOWN;
}

/* What a line of a list says of its ends. */
struct flow_line {
	const struct sheet_cell *from_cell;
	const struct sheet_cell *to_cell;
	const char *from;
	const char *to;
	enum way way;
};

static const char *trimmed(struct arena *arena, const char *text, size_t len)
{
	while (len > 0 && text[len - 1] == ' ') {
		len--;
	}
	return arena_text(arena, text, len);
}

/* "relay -> mx-out" in one cell. */
static bool split_ends(struct sheet_tables *tables, const struct sheet_cell *cell,
	struct flow_line *flow)
{
	static const char *const ARROWS[] = {
		"<->", "↔", "⇔", "⇄", "->", "=>", "→", "⇒", "<-", "←"};
	for (size_t i = 0; i < sizeof(ARROWS) / sizeof(ARROWS[0]); i++) {
		const char *arrow = strstr(cell->text, ARROWS[i]);
		if (!arrow) {
			continue;
		}
		flow->from_cell = cell;
		flow->to_cell = cell;
		flow->from = trimmed(
			tables->arena, cell->text, (size_t)(arrow - cell->text));
		flow->to = arrow + strlen(ARROWS[i]);
		flow->to += strspn(flow->to, " ");
		flow->way = way_of(ARROWS[i]);
		return true;
	}
	return sheet_fail(tables, cell,
		"no arrow between source and destination (\"relay -> mx-out\")");
}

/* A blank cell is one that is merged with that above. */
static bool read_ends(struct sheet_tables *tables, const struct sheet_line *line,
	struct flow_line *flow)
{
	const struct sheet_cell *both = sheet_cell_of(tables, line, SHEET_HEAD_ENDS);
	const struct sheet_cell *way =
		sheet_cell_of(tables, line, SHEET_HEAD_DIRECTION);
	const struct sheet_cell *first = &line->cells[0];
	*flow = (struct flow_line){first, first, tables->from, tables->to, WAY_FORTH};
	if (both && !split_ends(tables, both, flow)) {
		return false;
	}
	const struct sheet_cell *from = sheet_cell_of(tables, line, SHEET_HEAD_FROM);
	const struct sheet_cell *to = sheet_cell_of(tables, line, SHEET_HEAD_TO);
	if (from) {
		flow->from_cell = from;
		flow->from = from->text;
	}
	if (to) {
		flow->to_cell = to;
		flow->to = to->text;
	}
	if (way) {
		flow->way = way_of(way->text);
	}
	if (way && flow->way == WAY_UNKNOWN) {
		return sheet_fail(tables, way,
			"\"%.60s\" is no direction (->, <-, <-> or a word for them)",
			way->text);
	}
	if (!flow->from || !flow->to) {
		return sheet_fail(tables, first, "this flow has no %s",
			flow->from ? "destination" : "source");
	}
	tables->from = flow->from;
	tables->to = flow->to;
	return true;
}

/* The id of the line, with a number behind it from the second row on. */
static const char *id_of(
	struct sheet_tables *tables, const struct sheet_line *line, unsigned number)
{
	const struct sheet_cell *cell = sheet_cell_of(tables, line, SHEET_HEAD_ID);
	const char *slug = cell ? sheet_slug(tables->arena, cell->text) : "";
	if (slug[0] == '\0') {
		return sheet_next_id(tables);
	}
	if (strcmp(slug, cell->text) != 0 &&
		strspn(cell->text, "-_.ABCDEFGHIJKLMNOPQR"
				   "STUVWXYZabcdefghijklm"
				   "nopqrstuvwxyz0123456"
				   "789") == strlen(cell->text)) {
		slug = cell->text; /* a name already, whatever its case */
	}
	if (number == 1) {
		return slug;
	}
	char id[80];
	(void)snprintf(id, sizeof(id), "%.56s-%u", slug, number);
	return arena_text(tables->arena, id, strlen(id));
}

/* One row: its number among those of the line is in its id. */
static bool add_row(struct sheet_tables *tables, const struct sheet_line *line,
	const struct flow_line *flow, const struct sheet_service *service,
	unsigned number)
{
	const struct sheet_cell *id = sheet_cell_of(tables, line, SHEET_HEAD_ID);
	const struct sheet_cell *cell =
		sheet_cell_of(tables, line, SHEET_HEAD_PROTOCOLS);
	const struct yaml_node place = sheet_place(id ? id : &line->cells[0]);
	struct yaml_node *row = tree_new(tables->arena, YAML_MAPPING, &place);
	struct yaml_node *from = sheet_end_names(tables, flow->from_cell, flow->from);
	struct yaml_node *to =
		from ? sheet_end_names(tables, flow->to_cell, flow->to) : NULL;
	if (!to) {
		return false;
	}
	cell = cell ? cell : sheet_cell_of(tables, line, SHEET_HEAD_PORTS);
	tree_append(tables->rows, row);
	tree_put(tables->arena, row, "id",
		tree_scalar(tables->arena, id_of(tables, line, number), &place));
	tree_put(tables->arena, row, "from", flow->way == WAY_BACK ? to : from);
	tree_put(tables->arena, row, "to", flow->way == WAY_BACK ? from : to);
	sheet_put_service(tables, row, cell, service);
	sheet_put_conditions(tables, row, line);
	tables->import->row_count++;
	return true;
}

/* One for each part of the services, and once more for the way back. */
static bool add_rows(struct sheet_tables *tables, const struct sheet_line *line,
	const struct flow_line *flow, const struct sheet_services *services)
{
	const size_t parts = services->count;
	for (size_t i = 0; i < parts * (flow->way == WAY_BOTH ? 2 : 1);
		i++) { /* SHEET_PARTS_MAX */
		struct flow_line one = *flow;
		one.way = i >= parts ? WAY_BACK : one.way;
		if (!add_row(tables, line, &one,
			    &services->parts[i >= parts ? i - parts : i],
			    (unsigned)i + 1)) {
			return false;
		}
	}
	return true;
}

/*
 * A firewall's sheet has rows that deny, and rows that are no more or not yet: what only one
 * of its columns tells apart from what is allowed. *is_in: the line is to be read.
 */
static bool read_stand(struct sheet_tables *tables, const struct sheet_line *line,
	const struct flow_line *flow, bool *is_in)
{
	const struct sheet_cell *action =
		sheet_cell_of(tables, line, SHEET_HEAD_ACTION);
	const struct sheet_cell *status =
		sheet_cell_of(tables, line, SHEET_HEAD_STATUS);
	const enum sheet_stand stand =
		action ? sheet_stand_of(action->text) : SHEET_STAND_UNKNOWN;
	if (stand == SHEET_STAND_UNKNOWN && sheet_has_head(tables, SHEET_HEAD_ACTION)) {
		return sheet_fail(tables, action ? action : &line->cells[0],
			"\"%.60s\" does not say whether this flow is allowed",
			action ? action->text : "");
	}
	const bool is_out = status && sheet_stand_of(status->text) != SHEET_STAND_YES;
	*is_in = stand != SHEET_STAND_NO && !is_out;
	if (!*is_in) {
		const struct sheet_cell *cell =
			stand == SHEET_STAND_NO ? action : status;
		sheet_note(tables, &tables->import->apart, cell,
			"%.60s -> %.60s: not allowed: %.60s", flow->from, flow->to,
			cell->text);
	}
	return true;
}

bool sheet_read_flow(struct sheet_tables *tables, const struct sheet_line *line)
{
	const struct sheet_cell *protocols =
		sheet_cell_of(tables, line, SHEET_HEAD_PROTOCOLS);
	const struct sheet_cell *ports = sheet_cell_of(tables, line, SHEET_HEAD_PORTS);
	const struct sheet_cell *cell = protocols ? protocols : ports;
	struct sheet_services services;
	struct flow_line flow;
	bool is_in = true;
	if (!read_ends(tables, line, &flow) ||
		!read_stand(tables, line, &flow, &is_in)) {
		return false;
	}
	if (!is_in) {
		return true;
	}
	if (!sheet_services_read(protocols ? protocols->text : "",
		    ports ? ports->text : "", &services)) {
		sheet_note(tables, &tables->import->apart, &line->cells[0],
			"%.60s -> %.60s: no protocol and no port", flow.from, flow.to);
		return true;
	}
	if (services.is_cut) {
		return sheet_fail(tables, cell, "too many services in one cell");
	}
	if (services.apart[0] != '\0') {
		sheet_note(tables, &tables->import->apart, cell, "%.60s -> %.60s: %s",
			flow.from, flow.to, services.apart);
	}
	return add_rows(tables, line, &flow, &services);
}

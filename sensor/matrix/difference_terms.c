#include "matrix/difference_parts.h"
#include "matrix/domains.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define TEXT_BYTES 512

/* Look-ups of addresses; some seconds of work. */
#define LOOKUPS_MAX (UINT64_C(1) << 24)

struct terms {
	struct difference *difference;
	const struct matrix *const *matrices;
	uint64_t lookups_left;
};

/* Hosts that may do something, of one side. */
struct allowed {
	const struct matrix_sources *sources[2]; /* either; or NULL */
	bool is_anybody;
};

/* Hosts that one side allows and the other one does not. */
struct apart {
	struct difference_span *spans;
	size_t span_count;
	const char **hosts;
	size_t host_count;
	bool is_open; /* the last span goes on */
};

/* The term, for more to be said of it. */
static struct difference_term *add_term(
	struct terms *terms, const char *key, const char *name, const char *text)
{
	struct difference *difference = terms->difference;
	difference->terms = list_room(
		difference->terms, difference->term_count, sizeof(*difference->terms));
	struct difference_term *term = &difference->terms[difference->term_count++];
	*term = (struct difference_term){.key = key,
		.name = name,
		.text = arena_text(&difference->arena, text, strlen(text))};
	return term;
}

static void add_wider(
	struct terms *terms, const char *key, const char *name, const char *text)
{
	add_term(terms, key, name, text)->is_wider = true;
}

static void add_narrower(
	struct terms *terms, const char *key, const char *name, const char *text)
{
	add_term(terms, key, name, text)->is_narrower = true;
}

static bool is_allowed(const struct allowed *allowed, const struct address *address,
	const struct matrix_end *end)
{
	return (allowed->sources[0] &&
		       matrix_is_source(allowed->sources[0], address, end)) ||
	       (allowed->sources[1] &&
		       matrix_is_source(allowed->sources[1], address, end));
}

/* Of a host that is known by its name, groups alone say something. */
static bool is_host_allowed(const struct allowed *allowed, const struct matrix_end *end)
{
	for (size_t i = 0; i < 2; i++) {
		struct matrix_sources groups = {.addresses = NULL};
		if (allowed->sources[i]) {
			groups = *allowed->sources[i];
			groups.addresses = NULL;
		}
		if (matrix_is_source(&groups, NULL, end)) {
			return true;
		}
	}
	return false;
}

/* From where on either side may answer otherwise, in any order. */
struct marks {
	struct address *list;
	size_t count;
};

static void add_mark(struct marks *marks, const struct address *mark)
{
	marks->list = list_room(marks->list, marks->count, sizeof(*mark));
	marks->list[marks->count++] = *mark;
}

static void add_marks(
	struct terms *terms, struct marks *marks, const struct matrix_sources *sources)
{
	const struct lookup *addresses = sources ? sources->addresses : NULL;
	for (size_t i = 0; addresses && i < addresses->interval_count; i++) {
		add_mark(marks, &addresses->starts[i]);
	}
	const struct difference *difference = terms->difference;
	const bool has_groups = sources && sources->group_count > 0;
	for (size_t i = 0; has_groups && i < difference->span_count; i++) {
		add_mark(marks, &difference->spans[i].first);
	}
}

static int mark_order(const void *left, const void *right)
{
	return memcmp(left, right, sizeof(struct address));
}

static void note_apart(struct apart *apart, const struct address *first,
	const struct address *last, bool is_apart)
{
	if (is_apart && apart->is_open) {
		apart->spans[apart->span_count - 1].last = *last;
	} else if (is_apart) {
		apart->spans = list_room(
			apart->spans, apart->span_count, sizeof(*apart->spans));
		apart->spans[apart->span_count++] =
			(struct difference_span){.first = *first, .last = *last};
	}
	apart->is_open = is_apart;
}

static void part_addresses(struct terms *terms, const struct marks *marks,
	const struct allowed allowed[2], struct apart apart[2])
{
	for (size_t i = 0; i < marks->count && terms->lookups_left > 0; i++) {
		struct address last;
		bool is[2];
		if (i + 1 < marks->count &&
			address_equal(&marks->list[i], &marks->list[i + 1])) {
			continue;
		}
		memset(last.bytes, 0xff, sizeof(last.bytes));
		if (i + 1 < marks->count) {
			last = difference_before(&marks->list[i + 1]);
		}
		for (int side = 0; side < 2; side++) {
			const struct matrix_end end =
				matrix_locate(terms->matrices[side], &marks->list[i]);
			is[side] = is_allowed(&allowed[side], &marks->list[i], &end);
		}
		terms->lookups_left--;
		note_apart(&apart[0], &marks->list[i], &last, is[0] && !is[1]);
		note_apart(&apart[1], &marks->list[i], &last, is[1] && !is[0]);
	}
	terms->difference->is_partial |= terms->lookups_left == 0;
}

static bool is_name_allowed(
	const struct matrix *matrix, const struct allowed *allowed, const char *host)
{
	const struct matrix_end end = difference_end_of_host(matrix, host);
	return is_host_allowed(allowed, &end);
}

static void part_host(const struct terms *terms, const char *host,
	const struct allowed allowed[2], struct apart apart[2])
{
	bool is[2];
	for (int side = 0; side < 2; side++) {
		is[side] = is_name_allowed(terms->matrices[side], &allowed[side], host);
	}
	if (is[0] != is[1]) {
		struct apart *to = &apart[is[1]];
		to->hosts = list_room(to->hosts, to->host_count, sizeof(*to->hosts));
		to->hosts[to->host_count++] = host;
	}
}

/* Each one that either matrix declares: a class would have one of several. */
static void part_hosts(const struct terms *terms, const struct allowed allowed[2],
	struct apart apart[2])
{
	const struct name_table *old = &terms->matrices[0]->hosts;
	const struct name_table *new = &terms->matrices[1]->hosts;
	for (size_t i = 0; i < old->capacity; i++) {
		if (old->slots[i].name) {
			part_host(terms, old->slots[i].name, allowed, apart);
		}
	}
	for (size_t i = 0; i < new->capacity; i++) {
		const char *host = new->slots[i].name;
		if (host && name_table_find(old, host) == NAME_NONE) {
			part_host(terms, host, allowed, apart);
		}
	}
}

static int host_order(const void *left, const void *right)
{
	const char *const *one = left;
	const char *const *other = right;
	return strcmp(*one, *other);
}

/* Into the arena, and given back. */
static void keep_apart(
	struct terms *terms, struct apart *apart, struct difference_term *term)
{
	struct arena *arena = &terms->difference->arena;
	struct difference_span *spans =
		arena_array(arena, apart->span_count, sizeof(*spans));
	const char **hosts = arena_array(arena, apart->host_count, sizeof(*hosts));
	if (apart->span_count > 0) {
		memcpy(spans, apart->spans, apart->span_count * sizeof(*spans));
	}
	if (apart->host_count > 0) {
		memcpy(hosts, apart->hosts, apart->host_count * sizeof(*hosts));
		qsort(hosts, apart->host_count, sizeof(*hosts), host_order);
	}
	term->spans = spans;
	term->span_count = apart->span_count;
	term->hosts = hosts;
	term->host_count = apart->host_count;
}

struct allowing {
	const char *name; /* of the domain; "" of all */
	const char *more; /* said of those that only the new matrix allows */
	const char *fewer;
};

static void compare_allowed(struct terms *terms, const struct allowing *allowing,
	const struct allowed allowed[2])
{
	struct apart apart[2] = {{.span_count = 0}, {.span_count = 0}};
	struct marks marks = {.count = 0};
	add_mark(&marks, &(struct address){.bytes = {0}});
	for (int i = 0; i < 4; i++) {
		add_marks(terms, &marks, allowed[i / 2].sources[i % 2]);
	}
	qsort(marks.list, marks.count, sizeof(*marks.list), mark_order);
	part_addresses(terms, &marks, allowed, apart);
	part_hosts(terms, allowed, apart);
	list_free(marks.list);
	for (int side = 1; side >= 0; side--) {
		if (apart[side].span_count + apart[side].host_count > 0) {
			struct difference_term *term =
				add_term(terms, "domains", allowing->name,
					side == 1 ? allowing->more : allowing->fewer);
			term->is_wider = side == 1;
			term->is_narrower = side == 0;
			keep_apart(terms, &apart[side], term);
		}
		list_free(apart[side].spans);
		list_free(apart[side].hosts);
	}
}

static struct allowed bringers(const struct matrix_domain *domain)
{
	if (!domain || !domain->is_own) {
		return (struct allowed){.is_anybody = true};
	}
	return (struct allowed){.sources = {&domain->senders, &domain->forwarders}};
}

/* Who may bring mail of this domain from outside. */
static void compare_inward(struct terms *terms, const char *name,
	const struct matrix_domain *const domains[2])
{
	static const struct allowing WORDS = {.more = "may be sent from outside by",
		.fewer = "may be sent from outside no more by"};
	const struct allowed allowed[] = {bringers(domains[0]), bringers(domains[1])};
	const struct allowing allowing = {name, WORDS.more, WORDS.fewer};
	if (!allowed[0].is_anybody && !allowed[1].is_anybody) {
		compare_allowed(terms, &allowing, allowed);
	} else if (!allowed[0].is_anybody) {
		add_wider(terms, "domains", name,
			"may be sent from outside by anybody: it is no own domain any "
			"more");
	} else if (!allowed[1].is_anybody) {
		add_narrower(terms, "domains", name,
			"may be sent from outside by nobody but its senders: it is an "
			"own "
			"domain");
	}
}

/* Whether our servers may send it out, untold. */
static void compare_outward(struct terms *terms, const char *name,
	const struct matrix_domain *const domains[2])
{
	bool is_let[2];
	for (int side = 0; side < 2; side++) {
		is_let[side] =
			domains[side] || !matrix_has_own_domains(terms->matrices[side]);
	}
	if (is_let[1] && !is_let[0]) {
		add_wider(terms, "domains", name, "may be sent out by our servers");
	} else if (is_let[0] && !is_let[1]) {
		add_narrower(terms, "domains", name,
			"may be sent out by our servers no more");
	}
}

static bool has_selector(const struct matrix_domain *domain, const char *selector)
{
	for (size_t i = 0; domain && i < domain->selector_count; i++) {
		if (strcmp(domain->selectors[i], selector) == 0) {
			return true;
		}
	}
	return false;
}

/*
 * Those that this domain has and the other has not. The audit asks for their keys; nothing
 * is told or let by because of them.
 */
static void compare_selectors(struct terms *terms, const char *name,
	const struct matrix_domain *domain, const struct matrix_domain *other,
	bool is_new)
{
	char text[TEXT_BYTES];
	for (size_t i = 0; domain && i < domain->selector_count; i++) {
		if (has_selector(other, domain->selectors[i])) {
			continue;
		}
		(void)snprintf(text, sizeof(text), "has%s the DKIM selector %.255s",
			is_new ? "" : " no more", domain->selectors[i]);
		(void)add_term(terms, "domains", name, text);
	}
}

static void compare_domain(struct terms *terms, const char *name)
{
	const struct matrix_domain *domains[2];
	for (int side = 0; side < 2; side++) {
		domains[side] = matrix_domain_of(terms->matrices[side], name);
	}
	compare_inward(terms, name, domains);
	compare_outward(terms, name, domains);
	for (int side = 0; side < 2; side++) { /* of itself, not of one above it */
		if (domains[side] && strcmp(domains[side]->name, name) != 0) {
			domains[side] = NULL;
		}
	}
	compare_selectors(terms, name, domains[1], domains[0], true);
	compare_selectors(terms, name, domains[0], domains[1], false);
}

static void compare_all_domains(struct terms *terms)
{
	static const struct allowing FORWARDERS = {"",
		"mail of any domain may be passed on by",
		"mail of any domain may be passed on no more by"};
	const struct matrix *const *matrices = terms->matrices;
	const bool has_own[] = {matrix_has_own_domains(matrices[0]),
		matrix_has_own_domains(matrices[1])};
	if (has_own[0] && !has_own[1]) {
		add_wider(terms, "domains", "",
			"mail of any domain may be sent out by our servers");
	} else if (has_own[1] && !has_own[0]) {
		add_narrower(terms, "domains", "",
			"mail of domains that are not declared may be sent out by our "
			"servers no more");
	}
	const struct allowed forwarders[] = {{.sources = {&matrices[0]->forwarders}},
		{.sources = {&matrices[1]->forwarders}}};
	compare_allowed(terms, &FORWARDERS, forwarders);
}

/* Of this side; of the old one what the new one does not declare. */
static void compare_domains(struct terms *terms, int side)
{
	size_t count;
	const struct matrix_domain *domains =
		matrix_domains(terms->matrices[side], &count);
	const struct name_table *others = &terms->matrices[1]->domain_names;
	for (size_t i = 0; i < count; i++) {
		if (side == 1 ||
			name_table_find(others, domains[i].name) == NAME_NONE) {
			compare_domain(terms, domains[i].name);
		}
	}
}

/* It does for the field: with this value, or with any. */
static bool is_enough(const struct matrix_group *group,
	const struct matrix_expected *wanted, bool *has_field)
{
	bool is_there = false;
	*has_field = false;
	for (size_t i = 0; group && i < group->expected_count; i++) {
		const struct matrix_expected *at = &group->expected[i];
		if (strcasecmp(at->field, wanted->field) == 0) {
			*has_field = true;
			is_there |= !at->value ||
				    (wanted->value &&
					    strcasecmp(at->value, wanted->value) == 0);
		}
	}
	return is_there;
}

static bool is_told_before(
	const struct matrix_group *group, const struct matrix_expected *expected)
{
	const struct matrix_expected *at = group->expected;
	while (at < expected && strcasecmp(at->field, expected->field) != 0) {
		at++;
	}
	return at < expected;
}

/* What only this side's group is expected to leave. */
static void compare_fields(struct terms *terms, const struct matrix_group *group,
	const struct matrix_group *other, bool is_new)
{
	char text[TEXT_BYTES];
	for (size_t i = 0; i < group->expected_count; i++) {
		const struct matrix_expected *at = &group->expected[i];
		bool has_field;
		if (is_enough(other, at, &has_field)) {
			continue;
		}
		if (!has_field && is_told_before(group, at)) {
			continue; /* another value of a field that is new as a whole */
		}
		(void)snprintf(text, sizeof(text), "%.100s%s%.255s %s%s", at->field,
			has_field && at->value ? ": " : "",
			has_field && at->value ? at->value : "",
			has_field ? "is enough" : "must be left",
			is_new ? "" : " no more");
		/* another way to do is less to ask, another field more */
		struct difference_term *term =
			add_term(terms, "expects", group->name, text);
		term->is_wider = has_field == is_new;
		term->is_narrower = has_field != is_new;
	}
}

/* Of hosts that no group had before, the group's own; or NULL. */
static const struct matrix_group *group_before(
	const struct terms *terms, int side, const struct matrix_group *const groups[2])
{
	const struct matrix *matrix = terms->matrices[side];
	const struct matrix_group *other = groups[1 - side];
	if (groups[side] || !other) {
		return groups[side];
	}
	const uint32_t place = name_table_find(&matrix->group_names, other->name);
	return place == NAME_NONE ? NULL : &matrix->groups[place];
}

/* Groups whose hosts were of another one before: each pair once. */
static void compare_expected(struct terms *terms)
{
	const struct difference *difference = terms->difference;
	struct interning pairs = {.count = 0};
	for (size_t i = 0; i < difference->class_count; i++) {
		const struct matrix_group *const of_hosts[] = {
			difference->classes[i].ends[0].group,
			difference->classes[i].ends[1].group};
		const struct matrix_group *const groups[] = {
			group_before(terms, 0, of_hosts),
			group_before(terms, 1, of_hosts)};
		uint32_t words[2];
		for (int side = 0; side < 2; side++) {
			words[side] =
				groups[side] ? (uint32_t)(groups[side] -
							  terms->matrices[side]->groups)
					     : NAME_NONE;
		}
		const size_t known = pairs.count;
		if (interning_number(&pairs, words, 2) != known) {
			continue;
		}
		if (groups[1]) {
			compare_fields(terms, groups[1], groups[0], true);
		}
		if (groups[0]) {
			compare_fields(terms, groups[0], groups[1], false);
		}
	}
	interning_free(&pairs);
}

static const struct matrix_list *list_named(
	const struct matrix *matrix, const char *name)
{
	size_t count;
	const struct matrix_list *lists = matrix_lists(matrix, &count);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(lists[i].name, name) == 0) {
			return &lists[i];
		}
	}
	return NULL;
}

/* As it is written: beside the matrix, wherever that lies. */
static const char *written_file(const struct matrix_list *list)
{
	const char *slash = strrchr(list->place.file, '/');
	const size_t len = slash ? (size_t)(slash - list->place.file) + 1 : 0;
	if (!list->file) {
		return "";
	}
	return strncmp(list->file, list->place.file, len) == 0 ? list->file + len
							       : list->file;
}

static void compare_kinds(struct terms *terms, const struct matrix_list *const lists[2])
{
	char text[TEXT_BYTES];
	const enum matrix_list_kind kinds[] = {lists[0]->kind, lists[1]->kind};
	if (kinds[0] == kinds[1]) {
		return;
	}
	(void)snprintf(text, sizeof(text), "is of kind %s, before %s",
		matrix_list_kind_name(kinds[1]), matrix_list_kind_name(kinds[0]));
	struct difference_term *term = add_term(terms, "lists", lists[1]->name, text);
	term->is_wider = kinds[1] < kinds[0]; /* allow, temporary, deny */
	term->is_narrower = !term->is_wider;
}

/* What stands in a file is not compared: another one may hold anything. */
static void compare_files(struct terms *terms, const struct matrix_list *const lists[2])
{
	char text[TEXT_BYTES];
	const char *files[] = {written_file(lists[0]), written_file(lists[1])};
	if (strcmp(files[0], files[1]) == 0 && lists[0]->format == lists[1]->format) {
		return;
	}
	(void)snprintf(text, sizeof(text),
		"is read from %.150s%s, before from %.150s; its entries are not "
		"compared",
		files[1][0] != '\0' ? files[1] : "no file",
		lists[0]->format != lists[1]->format ? " in another format" : "",
		files[0][0] != '\0' ? files[0] : "no file");
	struct difference_term *term = add_term(terms, "lists", lists[1]->name, text);
	term->is_wider = term->is_narrower = true;
}

static void compare_list(struct terms *terms, const struct matrix_list *const lists[2])
{
	char text[TEXT_BYTES];
	compare_kinds(terms, lists);
	compare_files(terms, lists);
	if (lists[0]->severity != lists[1]->severity &&
		lists[0]->kind == lists[1]->kind) {
		(void)snprintf(text, sizeof(text), "has severity %u, before %u",
			lists[1]->severity, lists[0]->severity);
		(void)add_term(terms, "lists", lists[1]->name, text);
	}
	if (lists[0]->may_shrink != lists[1]->may_shrink) {
		(void)add_term(terms, "lists", lists[1]->name,
			lists[1]->may_shrink ? "may shrink at once"
					     : "may shrink at once no more");
	}
}

/* One that only this side has. */
static void tell_list(struct terms *terms, const struct matrix_list *list, bool is_new)
{
	char text[TEXT_BYTES];
	(void)snprintf(text, sizeof(text), "%s list%s",
		matrix_list_kind_name(list->kind), is_new ? "" : ", no more");
	struct difference_term *term = add_term(terms, "lists", list->name, text);
	term->is_wider = (list->kind == MATRIX_LIST_ALLOW) == is_new;
	term->is_narrower = !term->is_wider;
}

/* The same of lists. */
static void compare_lists(struct terms *terms, int side)
{
	size_t count;
	const struct matrix_list *lists = matrix_lists(terms->matrices[side], &count);
	for (size_t i = 0; i < count; i++) {
		const struct matrix_list *other =
			list_named(terms->matrices[1 - side], lists[i].name);
		const struct matrix_list *const pair[] = {other, &lists[i]};
		if (!other) {
			tell_list(terms, &lists[i], side == 1);
		} else if (side == 1) {
			compare_list(terms, pair);
		}
	}
}

void difference_find_terms(
	struct difference *difference, const struct matrix *const matrices[2])
{
	struct terms terms = {difference, matrices, LOOKUPS_MAX};
	compare_all_domains(&terms);
	compare_domains(&terms, 1);
	compare_domains(&terms, 0);
	compare_expected(&terms);
	compare_lists(&terms, 1);
	compare_lists(&terms, 0);
}

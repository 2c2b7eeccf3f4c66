/* The matrix of zones that firewall-orchestrator imports: areas, and which may speak to which. */
#include "commands/allow.h"

#include "matrix/sentence.h"

#include <stdio.h>
#include <string.h>

#define INTERNET \
	"AUTO_CALCULATED_ZONE_INTERNET" /* reserved there: it is never defined */

static bool is_internet(const struct matrix_end *end)
{
	return !end->group && strcmp(sentence_end_name(end), "internet") == 0;
}

static bool is_same(const struct matrix_end *a, const struct matrix_end *b)
{
	return a->group == b->group && (a->group || a->zone == b->zone);
}

static void print_subnets(const struct allow *allow, const struct matrix_end *end)
{
	struct reach reach;
	reach_of_end(allow->matrix, end, &reach);
	for (size_t i = 0; i < reach.count; i++) {
		char first[ADDRESS_TEXT_BYTES];
		char last[ADDRESS_TEXT_BYTES];
		(void)printf("%s{\"ip\": \"%s\", \"ip_end\": \"%s\"}", i ? ", " : "",
			address_text(&reach.list[i].first, first),
			address_text(&reach.list[i].last, last));
	}
	reach_free(&reach);
}

/* A row before it goes to the same end. */
static bool is_repeated(const struct matrix_row *rows, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (is_same(&rows[i].from, &rows[index].from) &&
			is_same(&rows[i].to, &rows[index].to)) {
			return true;
		}
	}
	return false;
}

static void print_area(const struct allow *allow, const struct matrix_end *end)
{
	size_t count;
	const struct matrix_row *rows = matrix_rows(allow->matrix, &count);
	const char *name = sentence_end_name(end);
	const char *between = "";
	(void)printf(
		"{\"name\": \"%s\", \"id_string\": \"%s\", \"subnets\": [", name, name);
	print_subnets(allow, end);
	(void)fputs("], \"communication_to\": [", stdout);
	for (size_t i = 0; i < count; i++) {
		if (is_same(&rows[i].from, end) && !allow_is_over(allow, &rows[i]) &&
			!is_repeated(rows, i)) {
			(void)printf("%s{\"id_string\": \"%s\"}", between,
				is_internet(&rows[i].to)
					? INTERNET
					: sentence_end_name(&rows[i].to));
			between = ", ";
		}
	}
	(void)fputs("]}", stdout);
}

/* What such a matrix cannot say, for those who read it. */
static void print_comment(const struct allow *allow)
{
	size_t count;
	const struct matrix_row *rows = matrix_rows(allow->matrix, &count);
	(void)fputs(
		"rows of a mailwarden matrix, without protocols; not in it, from the "
		"Internet:",
		stdout);
	for (size_t i = 0; i < count; i++) {
		if (is_internet(&rows[i].from) && !allow_is_over(allow, &rows[i])) {
			(void)printf(" %s", rows[i].id);
		}
	}
}

void allow_areas(const struct allow *allow)
{
	size_t count;
	const char *between = "";
	(void)fputs("{\"name\": \"mailwarden\", \"comment\": \"", stdout);
	print_comment(allow);
	(void)fputs("\", \"areas\": [", stdout);
	const struct matrix_zone *zones = matrix_zones(allow->matrix, &count);
	for (size_t i = 1; i < count; i++) { /* behind the Internet */
		const struct matrix_end end = {.zone = &zones[i]};
		(void)fputs(between, stdout);
		print_area(allow, &end);
		between = ", ";
	}
	const struct matrix_group *groups = matrix_groups(allow->matrix, &count);
	for (size_t i = 0; i < count; i++) {
		const struct matrix_end end = {.group = &groups[i]};
		(void)fputs(between, stdout);
		print_area(allow, &end);
		between = ", ";
	}
	(void)puts("]}");
}

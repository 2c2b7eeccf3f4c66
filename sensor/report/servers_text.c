#include "report/servers_text.h"

#include "base/columns.h"
#include "report/json_writer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define US_PER_S     1000000
#define DAY_BYTES    16
#define SHORT_DIGEST 16 /* digits of a fingerprint that tell it from others */
#define NAME_COLUMNS 22
#define SERVER_BYTES (ADDRESS_TEXT_BYTES + 8)

struct item {
	const struct ledger_server *server; /* borrowed from the ledger */
};

struct list {
	struct item *items;
	size_t count;
};

static void add(void *context, const struct ledger_server *server)
{
	struct list *list = (struct list *)context;
	list->items[list->count++] = (struct item){server};
}

static int by_address(const void *a, const void *b)
{
	const struct ledger_server *left = ((const struct item *)a)->server;
	const struct ledger_server *right = ((const struct item *)b)->server;
	const int order = memcmp(
		left->address.bytes, right->address.bytes, sizeof(left->address.bytes));
	return order != 0 ? order : (int)left->port - (int)right->port;
}

/* Free .items. False: no memory. */
static bool list_of(const struct ledger *ledger, struct list *list)
{
	const size_t count = ledger_count(ledger);
	*list = (struct list){.count = 0};
	list->items = calloc(count + 1, sizeof(*list->items));
	if (!list->items) {
		return false;
	}
	ledger_walk(ledger, add, list);
	qsort(list->items, list->count, sizeof(*list->items), by_address);
	return true;
}

static const char *day(uint64_t time_us, char text[DAY_BYTES])
{
	const time_t time_s = (time_t)(time_us / US_PER_S);
	struct tm parts;
	if (!gmtime_r(&time_s, &parts) ||
		strftime(text, DAY_BYTES, "%Y-%m-%d", &parts) == 0) {
		memcpy(text, "?", sizeof("?"));
	}
	return text;
}

/* " on 2026-01-31", " from 2026-01-31 to 2026-02-01" */
static void print_days(FILE *out, uint64_t first_us, uint64_t last_us)
{
	char first[DAY_BYTES];
	char last[DAY_BYTES];
	day(first_us, first);
	day(last_us, last);
	if (strcmp(first, last) == 0) {
		(void)fprintf(out, " on %s", first);
	} else {
		(void)fprintf(out, " from %s to %s", first, last);
	}
}

static const char *plural(uint32_t count)
{
	return count == 1 ? "" : "s";
}

static void print_versions(FILE *out, uint16_t versions)
{
	if (versions == 0) {
		return;
	}
	(void)fputs("  TLS", out);
	for (unsigned i = 0; i < LEDGER_VERSIONS; i++) {
		if ((versions & 1U << i) != 0) {
			(void)fprintf(out, " %s", ledger_version_name(i));
		}
	}
	(void)fputc('\n', out);
}

/* "11 of 12", "-" where no list of capabilities was seen. */
static const char *share_of_offers(
	const struct ledger_server *server, char *text, size_t size)
{
	const uint64_t all = (uint64_t)server->offered + server->not_offered;
	if (all == 0) {
		(void)snprintf(text, size, "-");
	} else {
		(void)snprintf(text, size, "%u of %llu", server->offered,
			(unsigned long long)all);
	}
	return text;
}

static void print_row(FILE *out, const struct ledger_server *server)
{
	char address[ADDRESS_TEXT_BYTES];
	char name[SERVER_BYTES];
	char offers[32];
	const bool is_ipv4 = address_is_ipv4(&server->address);
	(void)snprintf(name, sizeof(name), "%s%s%s:%u", is_ipv4 ? "" : "[",
		address_text(&server->address, address), is_ipv4 ? "" : "]",
		server->port);
	if (strlen(name) > NAME_COLUMNS) {
		(void)fprintf(out, "%s\n", name);
		name[0] = '\0';
	}
	(void)fprintf(out, "%-*s %7u %11s %7u %7u %8u %10u\n", NAME_COLUMNS, name,
		server->flows, share_of_offers(server, offers, sizeof(offers)),
		server->used, server->refused, server->stripped, server->auth_clear);
	print_versions(out, server->versions);
}

/* Whether it ever says no: a server that does shows that it has a policy. */
static void print_policy(FILE *out, const struct ledger_server *server)
{
	if (server->refusals > 0 || server->deferrals > 0) {
		(void)fprintf(out, "  mail in clear %u, refused %u, deferred %u\n",
			server->messages, server->refusals, server->deferrals);
	} else if (server->messages > 0) {
		(void)fprintf(out,
			"  mail in clear %u, never refused and never deferred\n",
			server->messages);
	}
}

static void print_offers(FILE *out, const struct ledger_server *server)
{
	const struct ledger_absence *absence = &server->absence;
	if (server->offered == 0) {
		return;
	}
	(void)fputs("  STARTTLS offered", out);
	print_days(out, server->offered_first_us, server->offered_last_us);
	if (absence->flows > 0) {
		(void)fprintf(out, "; gone since, in %u flow%s to %u%s client%s,",
			absence->flows, plural(absence->flows), absence->client_count,
			absence->client_count == LEDGER_CLIENTS ? " or more" : "",
			plural(absence->client_count));
		print_days(out, absence->first_us, absence->last_us);
	}
	(void)fputc('\n', out);
}

static void print_certificate(FILE *out, const struct ledger_certificate *certificate)
{
	char client[ADDRESS_TEXT_BYTES];
	if (certificate->flows == 0) {
		return;
	}
	(void)fprintf(out, "  certificate %.*s %s%s%s, %u flow%s", SHORT_DIGEST,
		certificate->fingerprint,
		certificate->key_type[0] != '\0' ? certificate->key_type : "?",
		certificate->sni[0] != '\0' ? " for " : "", certificate->sni,
		certificate->flows, plural(certificate->flows));
	print_days(out, certificate->first_us, certificate->last_us);
	(void)fprintf(
		out, ", last to %s\n", address_text(&certificate->client, client));
}

bool servers_table(FILE *out, const struct ledger *ledger)
{
	struct list list;
	struct columns columns;
	if (!list_of(ledger, &list)) {
		return false;
	}
	columns_begin(&columns, &out);
	if (list.count == 0) {
		(void)fputs("No server is known yet.\n", out);
	} else {
		(void)fprintf(out, "%-*s %7s %11s %7s %7s %8s %10s\n", NAME_COLUMNS,
			"Server", "flows", "STARTTLS", "used", "refused", "stripped",
			"clear auth");
	}
	for (size_t i = 0; i < list.count; i++) {
		print_row(out, list.items[i].server);
		print_policy(out, list.items[i].server);
		print_offers(out, list.items[i].server);
		for (size_t j = 0; j < LEDGER_CERTIFICATES; j++) {
			print_certificate(out, &list.items[i].server->certificates[j]);
		}
	}
	if (ledger_given_up_ever(ledger) > 0) {
		(void)fprintf(out,
			"%" PRIu64 " more were forgotten for want of room, those "
			"not seen for longest.\n",
			ledger_given_up_ever(ledger));
	}
	columns_end(&columns, 4);
	free(list.items);
	return true;
}

static void write_span(struct json_writer *writer, const char *prefix,
	uint64_t first_us, uint64_t last_us)
{
	char key[32];
	if (first_us == 0) {
		return;
	}
	(void)snprintf(key, sizeof(key), "%sfirst", prefix);
	json_time(writer, key, first_us);
	(void)snprintf(key, sizeof(key), "%slast", prefix);
	json_time(writer, key, last_us);
}

static void write_starttls(
	struct json_writer *writer, const struct ledger_server *server)
{
	const struct ledger_absence *absence = &server->absence;
	json_object_open(writer, "starttls");
	json_number(writer, "offered", server->offered);
	json_number(writer, "not_offered", server->not_offered);
	json_number(writer, "used", server->used);
	json_number(writer, "refused", server->refused);
	json_number(writer, "stripped", server->stripped);
	write_span(
		writer, "offered_", server->offered_first_us, server->offered_last_us);
	json_number(writer, "absent", absence->flows);
	write_span(writer, "absent_", absence->first_us, absence->last_us);
	json_object_close(writer);
}

static void write_certificate(
	struct json_writer *writer, const struct ledger_certificate *certificate)
{
	char client[ADDRESS_TEXT_BYTES];
	json_object_open(writer, NULL);
	json_text(writer, "fingerprint", certificate->fingerprint);
	json_text(writer, "key", certificate->key_type);
	json_text(writer, "sni", certificate->sni[0] != '\0' ? certificate->sni : NULL);
	json_number(writer, "flows", certificate->flows);
	write_span(writer, "", certificate->first_us, certificate->last_us);
	json_text(writer, "last_client", address_text(&certificate->client, client));
	json_object_close(writer);
}

static void write_server(struct json_writer *writer, const struct ledger_server *server)
{
	char address[ADDRESS_TEXT_BYTES];
	json_object_open(writer, NULL);
	json_text(writer, "address", address_text(&server->address, address));
	json_number(writer, "port", server->port);
	json_number(writer, "flows", server->flows);
	write_span(writer, "", server->first_us, server->last_us);
	write_starttls(writer, server);
	json_number(writer, "auth_clear", server->auth_clear);
	json_number(writer, "messages", server->messages);
	json_number(writer, "refusals", server->refusals);
	json_number(writer, "deferrals", server->deferrals);
	json_array_open(writer, "tls");
	for (unsigned i = 0; i < LEDGER_VERSIONS; i++) {
		if ((server->versions & 1U << i) != 0) {
			json_text(writer, NULL, ledger_version_name(i));
		}
	}
	json_array_close(writer);
	json_array_open(writer, "certificates");
	for (size_t i = 0; i < LEDGER_CERTIFICATES; i++) {
		if (server->certificates[i].flows > 0) {
			write_certificate(writer, &server->certificates[i]);
		}
	}
	json_array_close(writer);
	json_object_close(writer);
	json_line_end(writer);
}

bool servers_json(FILE *out, const struct ledger *ledger)
{
	struct list list;
	struct json_writer writer = {.out = out};
	if (!list_of(ledger, &list)) {
		return false;
	}
	for (size_t i = 0; i < list.count; i++) {
		write_server(&writer, list.items[i].server);
	}
	if (ledger_given_up_ever(ledger) > 0) {
		json_object_open(&writer, NULL);
		json_number(&writer, "given_up", ledger_given_up_ever(ledger));
		json_object_close(&writer);
		json_line_end(&writer);
	}
	free(list.items);
	return true;
}

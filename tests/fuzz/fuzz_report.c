/* Texts of unknown origin in every place of the page: the same elements as with tame ones. */
#include "dossier/page.h"
#include "matrix/load.h"
#include "page_checks.h"

#include <stdlib.h>
#include <string.h>

#define TEXTS      12
#define TEXT_BYTES 12000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char MATRIX[] =
	"schema: 1\n"
	"zones: {internal: [192.0.2.0/24]}\n"
	"groups:\n"
	"  workstations: {role: client, addresses: [192.0.2.64/26]}\n"
	"  mailboxes: {role: mailbox, addresses: [192.0.2.10]}\n"
	"rows:\n"
	"  - {id: M-01, from: workstations, to: mailboxes, protocols: [imaps]}\n";

struct texts {
	char *text[TEXTS]; /* none is empty: what is empty is not shown */
};

/* A text a line; the last line again where there are too few. */
static struct texts split(const uint8_t *data, size_t size)
{
	struct texts texts;
	for (size_t i = 0; i < TEXTS; i++) {
		const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
		const size_t len = end ? (size_t)(end - data) : size;
		texts.text[i] = strndup((const char *)data, len);
		if (!texts.text[i]) {
			abort();
		}
		if (texts.text[i][0] == '\0') {
			free(texts.text[i]);
			texts.text[i] = strdup("x");
		}
		if (end) {
			data += len + 1;
			size -= len + 1;
		}
	}
	return texts;
}

static void free_texts(struct texts *texts)
{
	for (size_t i = 0; i < TEXTS; i++) {
		free(texts->text[i]);
	}
}

static struct sighting sight(const struct texts *texts, const char *client,
	const char *server, enum protocol protocol)
{
	struct sighting sighting = {.protocol = (uint8_t)protocol,
		.client_port = 40000,
		.server_port = 993,
		.port = 993,
		.confidence = DIRECTION_CONFIDENCE_SYN,
		.bytes = {10, 10},
		.time_us = 1,
		.start_us = 1,
		.end_us = 1,
		.flow_id = 1};
	if (!address_parse(client, &sighting.client) ||
		!address_parse(server, &sighting.server)) {
		abort();
	}
	(void)snprintf(sighting.helo, sizeof(sighting.helo), "%s", texts->text[0]);
	(void)snprintf(sighting.sni, sizeof(sighting.sni), "%s", texts->text[1]);
	(void)snprintf(
		sighting.names[0], sizeof(sighting.names[0]), "%s", texts->text[2]);
	(void)snprintf(
		sighting.names[1], sizeof(sighting.names[1]), "%s", texts->text[3]);
	(void)snprintf(sighting.certificate_names, sizeof(sighting.certificate_names),
		"%s", texts->text[4]);
	(void)snprintf(sighting.community_id, sizeof(sighting.community_id), "%s",
		texts->text[5]);
	(void)snprintf(sighting.source, sizeof(sighting.source), "%s", texts->text[6]);
	(void)snprintf(sighting.sensor, sizeof(sighting.sensor), "%s", texts->text[7]);
	return sighting;
}

static void see(struct dossier *dossier, struct observed *observed,
	const struct sighting *sighting)
{
	observed_add(observed, sighting);
	dossier_sighting(dossier, sighting);
}

/* Answers of one subject. */
static void ask(struct dossier *dossier, const struct texts *texts)
{
	char *line = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&line, &len);
	const struct json_event event = {
		.time_us = 1000000, .host = texts->text[0], .event_prefix = "x"};
	struct json_audit audit = {.subject = texts->text[1], .count = AUDIT_STATES};
	for (unsigned i = 0; i < AUDIT_STATES; i++) {
		audit.answers[i] = (struct json_audit_answer){.check = "server.new",
			.question = texts->text[2 + i],
			.state = (enum audit_state)i,
			.why = texts->text[5 + i]};
	}
	if (!out) {
		abort();
	}
	json_audit(out, &event, &audit);
	(void)fclose(out);
	dossier_audit(dossier, line, len);
	free(line);
}

/* The page with these texts; the caller frees it. */
static char *write_page(const struct matrix *matrix, const struct texts *texts)
{
	static const struct hash_seed SEED = {{1, 2}};
	struct reason why;
	struct dossier dossier;
	char *page = NULL;
	size_t len = 0;
	struct observed *observed = observed_new(64, SEED, &why);
	FILE *out = open_memstream(&page, &len);
	if (!observed || !out || !dossier_start(&dossier, matrix, &why)) {
		abort();
	}
	const struct sighting sender =
		sight(texts, "192.0.2.70", "203.0.113.5", PROTOCOL_SMTP);
	const struct sighting reader =
		sight(texts, "192.0.2.71", "192.0.2.10", PROTOCOL_IMAPS);
	see(&dossier, observed, &sender);
	see(&dossier, observed, &reader);
	ask(&dossier, texts);
	if (!dossier_finish(&dossier, observed, false)) {
		abort();
	}
	const struct dossier_input input = {
		.name = texts->text[8], .kind = DOSSIER_INPUT_LINES};
	dossier.head = (struct dossier_head){.title = texts->text[9],
		.organisation = texts->text[10],
		.author = texts->text[11],
		.inputs = &input,
		.input_count = 1};
	dossier.sight.lacking = texts->text[8];
	page_write(out, &dossier, &PAGE_HTML, TEXTS_FRENCH);
	(void)fclose(out);
	dossier_free(&dossier);
	observed_free(observed);
	return page;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct matrix *matrix;
	static char *tame;
	if (size > TEXT_BYTES) {
		return -1;
	}
	if (!matrix) {
		const struct matrix_source source = {
			"made.yaml", MATRIX, sizeof(MATRIX) - 1};
		struct matrix_problems problems;
		struct texts texts = split((const uint8_t *)"tame", 4);
		matrix = matrix_load_sources(&source, 1, &problems);
		tame = matrix ? write_page(matrix, &texts) : NULL;
		if (!tame) {
			abort();
		}
		page_strip(tame);
		free_texts(&texts);
	}
	struct texts texts = split(data, size);
	char *page = write_page(matrix, &texts);
	page_check_text(page);
	page_strip(page);
	if (strcmp(page, tame) != 0) {
		abort();
	}
	free(page);
	free_texts(&texts);
	return 0;
}

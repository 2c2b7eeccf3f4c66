#include "dossier/baseline.h"
#include "dossier/page.h"
#include "matrix/load.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char MATRIX[] =
	"schema: 1\n"
	"zones: {internal: [192.0.2.0/24]}\n"
	"groups:\n"
	"  workstations: {role: client, addresses: [192.0.2.64/26]}\n"
	"  relay: {role: relay, addresses: [192.0.2.25]}\n"
	"rows:\n"
	"  - {id: M-01, from: workstations, to: relay, protocols: [smtp]}\n";

/* One sender without a row. */
static void make(struct dossier *dossier, const struct matrix *matrix)
{
	static const struct hash_seed SEED = {{1, 2}};
	struct reason why;
	struct sighting sighting = {.protocol = PROTOCOL_SMTP,
		.client_port = 40000,
		.server_port = 25,
		.port = 25,
		.confidence = DIRECTION_CONFIDENCE_SYN,
		.bytes = {10, 10},
		.time_us = 1,
		.start_us = 1,
		.end_us = 1,
		.flow_id = 1};
	struct observed *observed = observed_new(64, SEED, &why);
	if (!observed || !dossier_start(dossier, matrix, &why) ||
		!address_parse("192.0.2.70", &sighting.client) ||
		!address_parse("203.0.113.5", &sighting.server)) {
		abort();
	}
	observed_add(observed, &sighting);
	dossier_sighting(dossier, &sighting);
	if (!dossier_finish(dossier, observed, false)) {
		abort();
	}
	observed_free(observed);
}

/* Whatever an earlier report says, each form can be written. */
static void write_all(const struct dossier *dossier)
{
	static const struct page_form *const FORMS[] = {
		&PAGE_TEXT, &PAGE_HTML, &PAGE_MARKDOWN};
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	if (!out) {
		abort();
	}
	for (size_t i = 0; i < sizeof(FORMS) / sizeof(FORMS[0]); i++) {
		page_write(out, dossier, FORMS[i], TEXTS_FRENCH);
	}
	page_write_json(out, dossier);
	(void)fclose(out);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct matrix *matrix;
	struct dossier dossier;
	struct reason why = {.text = ""};
	if (!matrix) {
		const struct matrix_source source = {
			"made.yaml", MATRIX, sizeof(MATRIX) - 1};
		struct matrix_problems problems;
		matrix = matrix_load_sources(&source, 1, &problems);
	}
	if (!matrix) {
		abort();
	}
	make(&dossier, matrix);
	if (baseline_hold(&dossier, (struct text){data, size}, "fuzz", &why)) {
		write_all(&dossier);
	} else if (strncmp(why.text, "fuzz:", 5) != 0) {
		abort();
	}
	dossier_free(&dossier);
	return 0;
}

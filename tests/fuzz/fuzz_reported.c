#include "dossier/digest.h"
#include "dossier/page_digest.h"
#include "matrix/load.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char MATRIX[] =
	"schema: 1\n"
	"zones: {internal: [192.0.2.0/24], gateway: [198.51.100.0/28]}\n"
	"groups:\n"
	"  mx-out: {role: outbound, addresses: [198.51.100.2]}\n"
	"rows:\n"
	"  - {id: M-01, from: mx-out, to: internet, protocols: [smtp]}\n"
	"domains: {example.org: {forwarders: 203.0.113.50, senders: 203.0.113.60}}\n";

static struct matrix *load(void)
{
	const struct matrix_source source = {"made.yaml", MATRIX, sizeof(MATRIX) - 1};
	struct matrix_problems problems;
	struct matrix *matrix = matrix_load_sources(&source, 1, &problems);
	if (!matrix) {
		abort();
	}
	return matrix;
}

/* Every line as what a report takes out of records besides flows. */
static void read_lines(struct dossier *dossier, const uint8_t *data, size_t size)
{
	const char *at = (const char *)data;
	while (size > 0) {
		const char *end = memchr(at, '\n', size);
		const size_t len = end ? (size_t)(end - at) : size;
		dossier_told(dossier, at, len);
		dossier_stats(dossier, at, len);
		dossier_reported(dossier, at, len);
		at += len + (end ? 1 : 0);
		size -= len + (end ? 1 : 0);
	}
}

/* Whatever was read, each form can be written. */
static void write_all(const struct digest *digest)
{
	static const struct page_form *const FORMS[] = {
		&PAGE_TEXT, &PAGE_HTML, &PAGE_MARKDOWN};
	static FILE *out;
	if (!out) {
		out = fopen("/dev/null", "we");
	}
	if (!out) {
		abort();
	}
	for (size_t i = 0; i < sizeof(FORMS) / sizeof(FORMS[0]); i++) {
		page_write(out, digest->now, FORMS[i], TEXTS_FRENCH);
		page_write_digest(out, digest, FORMS[i], TEXTS_ENGLISH);
	}
	page_write_json(out, digest->now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct hash_seed SEED = {{1, 2}};
	static const struct dossier_span SPANS[] = {
		{UINT64_C(1795996800000000), UINT64_C(1796083200000000)},
		{UINT64_C(1795910400000000), UINT64_C(1795996800000000)}};
	static struct matrix *matrix;
	static unsigned runs;
	struct dossier dossiers[2];
	struct reason why;
	if (!matrix) {
		matrix = load();
	}
	struct observed *observed = observed_new(4, SEED, &why);
	for (size_t i = 0; i < 2; i++) {
		if (!observed || !dossier_start(&dossiers[i], matrix, &why)) {
			abort();
		}
		dossiers[i].span = SPANS[i];
		read_lines(&dossiers[i], data, size);
		if (!dossier_finish(&dossiers[i], observed, false)) {
			abort();
		}
	}
	const struct digest digest = {&dossiers[0], &dossiers[1]};
	if (++runs % 64 == 0) { /* pages cost far more than lines */
		write_all(&digest);
	}
	dossier_free(&dossiers[0]);
	dossier_free(&dossiers[1]);
	observed_free(observed);
	return 0;
}

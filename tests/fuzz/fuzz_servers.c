#include "report/servers_file.h"
#include "report/servers_text.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct hash_seed SEED = {{1, 2}};

static struct ledger *new_ledger(void)
{
	struct reason why;
	struct ledger *ledger = ledger_new(16, SEED, &why);
	if (!ledger) {
		abort();
	}
	return ledger;
}

/* What was taken is written, and what is written is taken again. */
static void write_and_read(const struct ledger *ledger)
{
	struct reason why;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	servers_write(out, ledger);
	(void)fclose(out);
	struct ledger *again = new_ledger();
	if (!servers_read(
		    again, (struct text){(const uint8_t *)text, len}, "again", &why) ||
		ledger_count(again) != ledger_count(ledger)) {
		abort();
	}
	out = fopen("/dev/null", "we");
	if (!out || !servers_table(out, again) || !servers_json(out, again)) {
		abort();
	}
	(void)fclose(out);
	ledger_free(again);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reason why = {.text = ""};
	struct ledger *ledger = new_ledger();
	const bool is_read =
		servers_read(ledger, (struct text){data, size}, "fuzz", &why);
	if (is_read) {
		write_and_read(ledger);
	} else if (strncmp(why.text, "fuzz:", 5) != 0) {
		abort();
	}
	ledger_free(ledger);
	return 0;
}

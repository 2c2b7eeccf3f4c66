/*
 * A list's file as anybody may write it: the first byte names the form, what follows is the
 * file. Whatever is taken in is found again as it is told, and by address and domain.
 */
#include "lists/build.h"
#include "lists/load.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WRITTEN_S   INT64_C(1796000000)
#define LISTS_COUNT 3 /* of each kind one */

static void check(bool is_right)
{
	if (!is_right) {
		abort();
	}
}

static struct lists *make_block(void)
{
	static const char NAMES[LISTS_COUNT][4] = {"a", "t", "d"};
	struct reason why;
	struct lists *lists = lists_new(&why);
	check(lists != NULL);
	lists->list_count = LISTS_COUNT;
	for (uint8_t i = 0; i < LISTS_COUNT; i++) {
		lists->all[i].kind = i;
		(void)snprintf(
			lists->all[i].name, sizeof(lists->all[i].name), "%s", NAMES[i]);
	}
	return lists;
}

/* Each line on the next list, so that one entry is on several. */
static void read_all(struct build *build, FILE *in, enum matrix_list_format format)
{
	static struct reading reading;
	struct reading_item item;
	struct reason why;
	enum reading_result result;
	uint32_t count = 0;
	reading_start(&reading, in, format, WRITTEN_S);
	while ((result = reading_next(&reading, &item)) != READING_END) {
		check(memchr(item.value, '\0', sizeof(item.value)) != NULL);
		check(memchr(item.reason, '\0', sizeof(item.reason)) != NULL);
		check(item.line <= reading.line);
		if (result == READING_ITEM) {
			(void)build_add(
				build, (uint8_t)(count++ % LISTS_COUNT), &item, &why);
		}
	}
}

/* A domain, or the first address of a prefix, as it is told. */
static struct lists_match find(const struct lists *lists, const char *text)
{
	char base[LISTS_TEXT_BYTES];
	struct address address;
	(void)snprintf(base, sizeof(base), "%.*s", (int)strcspn(text, "/"), text);
	return address_parse(base, &address)
		       ? lists_find_address(lists, &address, WRITTEN_S)
		       : lists_find_domain(lists, text, WRITTEN_S);
}

static void find_again(struct lists *lists, uint32_t number)
{
	struct lists_entry entry;
	char again[LISTS_TEXT_BYTES];
	struct reason why;
	lists_describe(lists, number, &entry);
	check(build_entry_text(entry.text, again, &why) &&
		strcmp(again, entry.text) == 0);
	check(lists_find_entry(lists, entry.list->name, entry.text) == number);
	const bool is_over = entry.expires_s != 0 && entry.expires_s <= WRITTEN_S;
	const struct lists_match match = find(lists, entry.text);
	/* this entry, or one of a kind that comes first */
	check(is_over || (match.entry != LISTS_NONE && match.kind <= entry.list->kind));
	lists_count_hit(lists, &match);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct build build;
	if (size < 2) {
		return 0;
	}
	struct lists *lists = make_block();
	FILE *in = fmemopen((void *)(uintptr_t)(data + 1), size - 1, "r");
	check(in != NULL);
	build_start(&build, lists);
	read_all(&build, in,
		(enum matrix_list_format)(data[0] % (MATRIX_LIST_FORMAT_NFT + 1)));
	(void)fclose(in);
	build_finish(&build);
	const uint32_t count = lists_entry_count(lists);
	for (uint32_t i = 0; i < count && i < 256; i++) {
		find_again(lists, i);
	}
	struct lists *next = make_block();
	build_start(&build, next);
	for (uint8_t i = 0; i < LISTS_COUNT; i++) {
		check(build_keep(&build, i, lists, i));
	}
	build_finish(&build);
	build_keep_hits(next, lists);
	check(lists_entry_count(next) == count);
	lists_free(next);
	lists_free(lists);
	return 0;
}

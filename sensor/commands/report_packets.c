#include "commands/report_packets.h"

#include "base/arena.h"
#include "capture/source.h"
#include "decode/decode.h"

#include <stdlib.h>
#include <string.h>

/* Examples of one capture, by the start of their flows. */
struct search {
	struct dossier_example **wanted;
	size_t count;
	struct decoder *decoder;
};

static int by_start(const void *left, const void *right)
{
	const struct dossier_example *one =
		*(const struct dossier_example *const *)left;
	const struct dossier_example *other =
		*(const struct dossier_example *const *)right;
	return (one->start_us > other->start_us) - (one->start_us < other->start_us);
}

static void list_wanted(
	struct search *search, const struct dossier *dossier, const char *capture)
{
	search->count = 0;
	for (size_t i = 0; i < dossier->breach_count; i++) {
		struct dossier_example *example = &dossier->breaches[i].example;
		if (strncmp(example->source, capture, sizeof(example->source) - 1) ==
			0) {
			search->wanted[search->count++] = example;
		}
	}
	qsort(search->wanted, search->count, sizeof(struct dossier_example *),
		by_start);
}

/* The first that is no earlier. */
static size_t find(const struct search *search, uint64_t time_us)
{
	size_t first = 0;
	size_t end = search->count;
	while (first < end) { /* log2 of their number */
		const size_t middle = first + (end - first) / 2;
		if (search->wanted[middle]->start_us < time_us) {
			first = middle + 1;
		} else {
			end = middle;
		}
	}
	return first;
}

static bool has_ends(const struct dossier_example *example, const struct address *src,
	const struct address *dst)
{
	return (address_equal(src, &example->client) &&
		       address_equal(dst, &example->server)) ||
	       (address_equal(dst, &example->client) &&
		       address_equal(src, &example->server));
}

static bool is_of(const struct dossier_example *example, const struct packet *packet)
{
	bool is_found = has_ends(example, &packet->src, &packet->dst);
	for (unsigned i = 0; i < packet->tunnel_depth; i++) { /* PACKET_TUNNELS_MAX */
		is_found = is_found || has_ends(example, &packet->tunnels[i].src,
					       &packet->tunnels[i].dst);
	}
	return is_found;
}

static void look(
	const struct search *search, const struct frame *frame, uint64_t number)
{
	struct packet packet;
	bool is_decoded = false;
	for (size_t at = find(search, frame->time_us);
		at < search->count && search->wanted[at]->start_us == frame->time_us;
		at++) {
		struct dossier_example *example = search->wanted[at];
		if (!is_decoded) {
			packet = (struct packet){.tunnel_depth = 0};
			(void)decoder_frame(search->decoder, frame, &packet);
			is_decoded = true;
		}
		if (example->packet == 0 && is_of(example, &packet)) {
			example->packet = number;
		}
	}
}

static void forget(const struct search *search)
{
	for (size_t i = 0; i < search->count; i++) {
		search->wanted[i]->packet = 0;
	}
}

static bool look_through(
	const struct search *search, const char *capture, struct reason *why)
{
	struct frame frame;
	struct source_progress progress;
	struct source *source = source_open_files(&capture, 1, why);
	if (!source) {
		return false;
	}
	enum source_result result;
	for (uint64_t number = 1;
		(result = source_next(source, &frame, why)) == SOURCE_FRAME; number++) {
		look(search, &frame, number);
	}
	source_progress(source, &progress);
	source_close(source);
	if (progress.bad_records > 0) { /* others may count what was let by */
		forget(search);
	}
	return result == SOURCE_END;
}

static bool find_in_all(
	struct search *search, struct dossier *dossier, struct reason *why)
{
	for (size_t i = 0; i < dossier->head.input_count; i++) {
		const struct dossier_input *input = &dossier->head.inputs[i];
		if (input->kind != DOSSIER_INPUT_CAPTURE || !input->digest[0]) {
			continue; /* or no file: it cannot be read again */
		}
		list_wanted(search, dossier, input->name);
		if (search->count > 0 && !look_through(search, input->name, why)) {
			return false;
		}
	}
	return true;
}

bool report_packets_find(struct dossier *dossier, struct reason *why)
{
	const struct decode_settings settings = {.fragment_datagrams = 64};
	struct search search = {.wanted = list_new(dossier->breach_count + 1,
					sizeof(struct dossier_example *)),
		.decoder = decoder_new(&settings, (struct hash_seed){{0}}, why)};
	const bool is_found = search.decoder && find_in_all(&search, dossier, why);
	decoder_free(search.decoder);
	list_free(search.wanted);
	return is_found;
}

#include "classify/second_opinion.h"

#include "base/cursor.h"
#include "base/pool.h"

#include <ndpi_api.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define FLOW_LIMIT       4096 /* 3 MiB when all are open */
#define DATA_PACKETS_MAX 10
#define PACKETS_MAX      24
#define NAMES_MAX        512
#define NAME_BYTES       48
#define PACKET_BYTES_MAX 65535
#define START_BYTES      ((size_t)64 << 20) /* reserved; a fifth of it is touched */

/* nDPI changes its interface with every minor release; all of that is here. */
#define NDPI_IS_FROM(major, minor) \
	(NDPI_MAJOR > (major) || (NDPI_MAJOR == (major) && NDPI_MINOR >= (minor)))

#if NDPI_IS_FROM(4, 12)
#define MASTER_OF(result) ((result).proto.master_protocol)
#define APP_OF(result)    ((result).proto.app_protocol)
#else
#define MASTER_OF(result) ((result).master_protocol)
#define APP_OF(result)    ((result).app_protocol)
#endif

struct second_opinion {
	struct ndpi_detection_module_struct *module;
	struct pool flows;
	unsigned name_count;
	char names[NAMES_MAX][NAME_BYTES]; /* "TLS.Google": live as long as this */
};

struct second_opinion_flow {
	unsigned packets;
	unsigned data_packets;
	ndpi_protocol result;
	struct ndpi_flow_struct inside;
};

static struct ndpi_detection_module_struct *new_module(void)
{
#if NDPI_IS_FROM(4, 10)
	struct ndpi_detection_module_struct *module = ndpi_init_detection_module(NULL);
	if (module) {
		(void)ndpi_set_config(module, NULL, "dpi.guess_on_giveup", "0");
	}
#else
#if NDPI_IS_FROM(4, 4)
	const ndpi_init_prefs prefs = ndpi_dont_load_tor_list;
#else
	const ndpi_init_prefs prefs = ndpi_dont_load_tor_hosts;
#endif
	/* addresses name no protocol, and loading them is half of the start */
	struct ndpi_detection_module_struct *module = ndpi_init_detection_module(prefs);
#endif
	return module;
}

static bool start_module(struct ndpi_detection_module_struct *module)
{
#if !NDPI_IS_FROM(5, 0)
	NDPI_PROTOCOL_BITMASK all;
	NDPI_BITMASK_SET_ALL(all);
	(void)ndpi_set_protocol_detection_bitmask2(module, &all);
#endif
#if NDPI_IS_FROM(4, 10)
	return ndpi_finalize_initialization(module) == 0;
#else
	ndpi_finalize_initialization(module);
	return true;
#endif
}

static ndpi_protocol inspect(struct second_opinion *opinion,
	struct second_opinion_flow *flow, struct cursor packet, uint64_t time_us)
{
	const unsigned short len = (unsigned short)cursor_left(&packet);
#if NDPI_IS_FROM(4, 6)
	return ndpi_detection_process_packet(
		opinion->module, &flow->inside, packet.at, len, time_us / 1000, NULL);
#else
	return ndpi_detection_process_packet(
		opinion->module, &flow->inside, packet.at, len, time_us / 1000);
#endif
}

static ndpi_protocol give_up(
	struct second_opinion *opinion, struct second_opinion_flow *flow)
{
#if NDPI_IS_FROM(5, 0)
	return ndpi_detection_giveup(opinion->module, &flow->inside);
#elif NDPI_IS_FROM(4, 10)
	u_int8_t is_guessed = 0;
	return ndpi_detection_giveup(opinion->module, &flow->inside, &is_guessed);
#else
	u_int8_t is_guessed = 0;
	return ndpi_detection_giveup(opinion->module, &flow->inside, 0, &is_guessed);
#endif
}

/* By inspection of this flow's bytes: never by port, address or another flow. */
static bool is_inspected(const struct second_opinion_flow *flow)
{
	return flow->inside.confidence == NDPI_CONFIDENCE_DPI;
}

static bool is_settled(
	const struct second_opinion *opinion, struct second_opinion_flow *flow)
{
#if NDPI_IS_FROM(5, 0)
	(void)opinion;
	/* later releases put MONITORING between: named, and only watched further */
	return flow->result.state != NDPI_STATE_INSPECTING &&
	       flow->result.state != NDPI_STATE_PARTIAL;
#else
	return is_inspected(flow) && APP_OF(flow->result) != NDPI_PROTOCOL_UNKNOWN &&
	       !ndpi_extra_dissection_possible(opinion->module, &flow->inside);
#endif
}

#if NDPI_IS_FROM(5, 0) || defined(__SANITIZE_ADDRESS__) || \
	defined(FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION)
static void start_memory_open(void) /* a sanitizer wants to see every allocation */
{
}

static void start_memory_close(void)
{
}
#else
/*
 * nDPI starts with a hundred thousand small allocations and keeps them all: laid one
 * behind the other they cost a third less and lie closer together. Later ones are the
 * library's own business.
 */
static struct {
	uint8_t *at;
	uint8_t *end;
	uint8_t *start;
	bool is_open;
} start_memory;

static void *start_memory_take(size_t size)
{
	const size_t rounded = (size + 15) & ~(size_t)15;
	if (!start_memory.is_open || rounded < size ||
		rounded > (size_t)(start_memory.end - start_memory.at)) {
		return malloc(size);
	}
	void *taken = start_memory.at;
	start_memory.at += rounded;
	return taken;
}

static void start_memory_give(void *memory)
{
	const uint8_t *at = memory;
	if (at < start_memory.start || at >= start_memory.end) {
		free(memory);
	}
}

static void start_memory_open(void)
{
	void *memory = mmap(NULL, START_BYTES, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED) {
		return; /* then malloc has to do */
	}
	(void)madvise(memory, START_BYTES, MADV_HUGEPAGE);
	start_memory.start = (uint8_t *)memory;
	start_memory.at = start_memory.start;
	start_memory.end = start_memory.start + START_BYTES;
	start_memory.is_open = true;
	set_ndpi_malloc(start_memory_take);
	set_ndpi_free(start_memory_give);
}

static void start_memory_close(void)
{
	start_memory.is_open = false;
}
#endif

/*
 * One set of tables for the process, never given back: to build and to free them costs
 * as much as thousands of flows, and what they hold is the same for everybody.
 */
static struct ndpi_detection_module_struct *shared_module(void)
{
	static struct ndpi_detection_module_struct *shared;
	if (shared) {
		return shared;
	}
	start_memory_open();
	struct ndpi_detection_module_struct *module = new_module();
	if (module && start_module(module)) {
		shared = module;
	}
	start_memory_close();
	return shared; /* NULL: the process ends */
}

struct second_opinion *second_opinion_new(struct reason *why)
{
	if (NDPI_API_VERSION != ndpi_get_api_version() ||
		ndpi_detection_get_sizeof_ndpi_flow_struct() !=
			sizeof(struct ndpi_flow_struct)) {
		reason_set(why, "nDPI %s is not the version this was built for (%s)",
			ndpi_revision(), second_opinion_version());
		return NULL;
	}
	struct second_opinion *opinion = calloc(1, sizeof(*opinion));
	if (!opinion) {
		reason_set(why, "no memory for nDPI");
		return NULL;
	}
	if (!pool_init(&opinion->flows, sizeof(struct second_opinion_flow), FLOW_LIMIT,
		    why)) {
		free(opinion);
		return NULL;
	}
	opinion->module = shared_module();
	if (!opinion->module) {
		reason_set(why, "nDPI does not start");
		second_opinion_free(opinion);
		return NULL;
	}
	return opinion;
}

void second_opinion_free(struct second_opinion *opinion)
{
	if (!opinion) {
		return;
	}
	pool_destroy(&opinion->flows);
	free(opinion);
}

struct second_opinion_flow *second_opinion_open(struct second_opinion *opinion)
{
	const uint32_t index = pool_take(&opinion->flows);
	if (index == POOL_NONE) {
		return NULL;
	}
	struct second_opinion_flow *flow = pool_at(&opinion->flows, index);
	memset(flow, 0, sizeof(*flow));
	return flow;
}

/* TCP without payload counts little; whatever is not plain TCP counts as data. */
static bool has_data(struct cursor cur)
{
	const uint8_t first = cursor_u8(&cur);
	const unsigned version = first >> 4;
	size_t head = 40;
	size_t total = 0;
	uint8_t transport = 0;
	if (version == 4) {
		head = (size_t)(first & 0x0f) * 4;
		cursor_skip(&cur, 1);
		total = cursor_be16(&cur);
		cursor_skip(&cur, 5);
		transport = cursor_u8(&cur);
		cursor_skip(&cur, head >= 20 ? head - 10 : 0);
	} else if (version == 6) {
		cursor_skip(&cur, 3);
		total = head + cursor_be16(&cur);
		transport = cursor_u8(&cur);
		cursor_skip(&cur, 33);
	}
	cursor_skip(&cur, 12);
	const size_t tcp_head = (size_t)(cursor_u8(&cur) >> 4) * 4;
	return !cursor_ok(&cur) || transport != IPPROTO_TCP || total > head + tcp_head;
}

bool second_opinion_packet(struct second_opinion *opinion,
	struct second_opinion_flow *flow, const uint8_t *network, size_t len,
	uint64_t time_us)
{
	if (flow->data_packets == DATA_PACKETS_MAX || flow->packets == PACKETS_MAX) {
		return true;
	}
	if (len == 0 || len > PACKET_BYTES_MAX) {
		return false;
	}
	const struct cursor packet = cursor_over(network, len);
	flow->packets++;
	flow->data_packets += has_data(packet);
	flow->result = inspect(opinion, flow, packet, time_us);
	return flow->data_packets == DATA_PACKETS_MAX || flow->packets == PACKETS_MAX ||
	       is_settled(opinion, flow);
}

/* The one text of this name; NULL when there are more names than a sane library has. */
static const char *keep_name(struct second_opinion *opinion, const char *name)
{
	for (unsigned i = 0; i < opinion->name_count; i++) {
		if (strcmp(opinion->names[i], name) == 0) {
			return opinion->names[i];
		}
	}
	if (opinion->name_count == NAMES_MAX) {
		return NULL;
	}
	char *kept = opinion->names[opinion->name_count++];
	(void)snprintf(kept, NAME_BYTES, "%s", name);
	return kept;
}

static const char *name_of(struct second_opinion *opinion, ndpi_protocol result)
{
	const uint16_t master = MASTER_OF(result);
	const uint16_t app = APP_OF(result);
	char name[NAME_BYTES];
	if (master == NDPI_PROTOCOL_UNKNOWN && app == NDPI_PROTOCOL_UNKNOWN) {
		return NULL;
	}
	if (master == NDPI_PROTOCOL_UNKNOWN || app == NDPI_PROTOCOL_UNKNOWN ||
		master == app) {
		const uint16_t one = app == NDPI_PROTOCOL_UNKNOWN ? master : app;
		(void)snprintf(name, sizeof(name), "%s",
			ndpi_get_proto_name(opinion->module, one));
	} else {
		(void)snprintf(name, sizeof(name), "%s.%s",
			ndpi_get_proto_name(opinion->module, master),
			ndpi_get_proto_name(opinion->module, app));
	}
	return keep_name(opinion, name);
}

const char *second_opinion_close(
	struct second_opinion *opinion, struct second_opinion_flow *flow)
{
	if (!flow) {
		return NULL;
	}
	if (flow->packets > 0 && !is_inspected(flow)) {
		flow->result = give_up(opinion, flow);
	}
	const char *name = is_inspected(flow) ? name_of(opinion, flow->result) : NULL;
	ndpi_free_flow_data(&flow->inside);
	/* nDPI keeps user names and passwords of clear-text dialogues in there */
	explicit_bzero(flow, sizeof(*flow));
	pool_give(&opinion->flows, pool_index(&opinion->flows, flow));
	return name;
}

#define TEXT_OF(number)  #number
#define VALUE_OF(number) TEXT_OF(number)

const char *second_opinion_version(void)
{
	return VALUE_OF(NDPI_MAJOR) "." VALUE_OF(NDPI_MINOR) "." VALUE_OF(NDPI_PATCH);
}

#include "engine/blindness.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define BYTES_SUFFIX "_bytes"
#define PREFIX       "blind."
#define MINUTE_US    UINT64_C(60000000)

static const char *const NAMES[DECODE_BLIND_COUNT] = {
	[DECODE_BLIND_ESP] = "esp",
	[DECODE_BLIND_MACSEC] = "macsec",
	[DECODE_BLIND_ETHERTYPE] = "ethertype",
	[DECODE_BLIND_PROTOCOL] = "protocol",
	[DECODE_BLIND_UDP] = "udp",
	[DECODE_BLIND_NAT_T] = "nat_t",
	[DECODE_BLIND_CAPWAP] = "capwap",
	[DECODE_BLIND_WIREGUARD] = "wireguard",
	[DECODE_BLIND_OPENVPN] = "openvpn",
	[DECODE_BLIND_QUIC] = "quic",
	[DECODE_BLIND_GRE] = "gre",
	[DECODE_BLIND_PPP] = "ppp",
	[DECODE_BLIND_TOO_DEEP] = "too_deep",
	[DECODE_BLIND_CUT] = "cut",
	[DECODE_BLIND_LINK] = "link",
};

const char *blindness_kind_name(enum decode_blind kind)
{
	assert(kind < DECODE_BLIND_COUNT);
	return NAMES[kind];
}

static void add_of_kind(struct blindness *sum, const char *name, uint64_t value)
{
	for (size_t i = 0; i < DECODE_BLIND_COUNT; i++) {
		const size_t len = strlen(NAMES[i]);
		if (strncmp(name, NAMES[i], len) != 0) {
			continue;
		}
		if (name[len] == '\0') {
			sum->kinds[i].frames += value;
			return;
		}
		if (strcmp(name + len, BYTES_SUFFIX) == 0) {
			sum->kinds[i].bytes += value;
			return;
		}
	}
}

void blindness_add(struct blindness *sum, const char *name, uint64_t value)
{
	if (strcmp(name, "frames") == 0) {
		sum->all.frames += value;
	} else if (strcmp(name, "bytes") == 0) {
		sum->all.bytes += value;
	} else if (strncmp(name, PREFIX, strlen(PREFIX)) == 0) {
		add_of_kind(sum, name + strlen(PREFIX), value);
	}
}

static struct decode_blind_count grown(
	struct decode_blind_count now, struct decode_blind_count before)
{
	return (struct decode_blind_count){
		.frames = now.frames >= before.frames ? now.frames - before.frames
						      : now.frames,
		.bytes = now.bytes >= before.bytes ? now.bytes - before.bytes
						   : now.bytes};
}

struct blindness blindness_since(
	const struct blindness *now, const struct blindness *before)
{
	struct blindness since = {.all = grown(now->all, before->all)};
	for (size_t i = 0; i < DECODE_BLIND_COUNT; i++) {
		since.kinds[i] = grown(now->kinds[i], before->kinds[i]);
	}
	return since;
}

struct decode_blind_count blindness_total(const struct blindness *blindness)
{
	struct decode_blind_count total = {0, 0};
	for (size_t i = 0; i < DECODE_BLIND_COUNT; i++) {
		if (i != DECODE_BLIND_QUIC) {
			total.frames += blindness->kinds[i].frames;
			total.bytes += blindness->kinds[i].bytes;
		}
	}
	return total;
}

/* Rounded down; 100 of nothing is nothing. */
static uint32_t percent(uint64_t part, uint64_t whole)
{
	return whole == 0 ? 0 : (uint32_t)((double)part * 100.0 / (double)whole);
}

bool blindness_is_told(
	const struct blindness *blindness, uint32_t share, uint64_t least)
{
	const struct decode_blind_count total = blindness_total(blindness);
	return share > 0 && total.frames >= least &&
	       (percent(total.frames, blindness->all.frames) >= share ||
		       percent(total.bytes, blindness->all.bytes) >= share);
}

const char *blindness_text(
	const struct blindness *blindness, char text[BLINDNESS_TEXT_BYTES])
{
	const struct decode_blind_count total = blindness_total(blindness);
	const char *between = ": ";
	int len = snprintf(text, BLINDNESS_TEXT_BYTES,
		"%" PRIu64 " of %" PRIu64 " frames (%u %%) and %u %% of their bytes "
		"could not be looked into",
		total.frames, blindness->all.frames,
		percent(total.frames, blindness->all.frames),
		percent(total.bytes, blindness->all.bytes));
	for (size_t i = 0; i < DECODE_BLIND_COUNT; i++) {
		const uint64_t frames = blindness->kinds[i].frames;
		if (i != DECODE_BLIND_QUIC && frames > 0 && len > 0 &&
			len < BLINDNESS_TEXT_BYTES) {
			len += snprintf(text + len,
				(size_t)(BLINDNESS_TEXT_BYTES - len), "%s%s %" PRIu64,
				between, NAMES[i], frames);
			between = ", ";
		}
	}
	return text;
}

uint32_t blindness_watch_look(struct blindness_watch *watch,
	const struct blindness *now, const struct blindness_limits *limits,
	uint64_t now_us, struct blindness *minute)
{
	const bool is_first = watch->minute_us == 0;
	if (!is_first && now_us - watch->minute_us < MINUTE_US) {
		return 0;
	}
	*minute = blindness_since(now, &watch->before);
	watch->before = *now;
	watch->minute_us = now_us;
	if (is_first ||
		!blindness_is_told(minute, limits->share, BLINDNESS_LEAST_OF_MINUTE)) {
		return 0;
	}
	watch->minutes++;
	if (watch->told_us != 0 && now_us - watch->told_us < limits->fold_us) {
		return 0;
	}
	const uint32_t minutes = watch->minutes;
	watch->told_us = now_us;
	watch->minutes = 0;
	return minutes;
}

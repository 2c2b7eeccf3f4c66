#include "capture/conntrack.h"

#include "capture/netfilter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <string.h>

#define DUMP_BYTES   (64U << 10) /* what the kernel puts into one datagram is less */
#define ANSWER_BYTES (8U << 10)
#define GET_MESSAGE  ((NFNL_SUBSYS_CTNETLINK << 8) | IPCTNL_MSG_CT_GET)
#define NEW_MESSAGE  ((NFNL_SUBSYS_CTNETLINK << 8) | IPCTNL_MSG_CT_NEW)

#define ATTRIBUTES 32 /* higher ones are not asked for */

_Static_assert(CTA_MARK_MASK < ATTRIBUTES && CTA_TUPLE_ZONE < ATTRIBUTES &&
		       CTA_IP_V6_DST < ATTRIBUTES && CTA_PROTO_DST_PORT < ATTRIBUTES,
	"all that is asked for has a place");

struct attributes {
	const struct nlattr *list[ATTRIBUTES];
};

struct clearing {
	const struct conntrack_sweep *sweep;
	struct conntrack_counts *counts;
	struct mnl_socket *reading;
	struct mnl_socket *writing;
	struct netfilter_inbox dump;
	struct netfilter_inbox answer;
};

static int note_attribute(const struct nlattr *attribute, void *data)
{
	struct attributes *attributes = (struct attributes *)data;
	if (mnl_attr_get_type(attribute) < ATTRIBUTES) {
		attributes->list[mnl_attr_get_type(attribute)] = attribute;
	}
	return MNL_CB_OK;
}

/* Those within attribute; none where it is missing. */
static struct attributes inside(const struct nlattr *attribute)
{
	struct attributes attributes = {.list = {NULL}};
	if (attribute) {
		(void)mnl_attr_parse_nested(attribute, note_attribute, &attributes);
	}
	return attributes;
}

static bool has_bytes(const struct nlattr *attribute, size_t len)
{
	return attribute && mnl_attr_get_payload_len(attribute) >= len;
}

/* The sender of one direction; false: it tells of none. */
static bool read_sender(
	const struct nlattr *tuple, struct address *address, uint16_t *port)
{
	const struct attributes parts = inside(tuple);
	const struct attributes ends = inside(parts.list[CTA_TUPLE_IP]);
	const struct attributes protocol = inside(parts.list[CTA_TUPLE_PROTO]);
	if (!has_bytes(protocol.list[CTA_PROTO_SRC_PORT], sizeof(*port))) {
		return false;
	}
	*port = ntohs(mnl_attr_get_u16(protocol.list[CTA_PROTO_SRC_PORT]));
	if (has_bytes(ends.list[CTA_IP_V4_SRC], 4)) {
		*address = address_from_ipv4(
			mnl_attr_get_payload(ends.list[CTA_IP_V4_SRC]));
		return true;
	}
	if (has_bytes(ends.list[CTA_IP_V6_SRC], 16)) {
		*address = address_from_ipv6(
			mnl_attr_get_payload(ends.list[CTA_IP_V6_SRC]));
		return true;
	}
	return false;
}

/* One that ended meanwhile is not there: nothing of it is to be taken. */
static bool clear_one(struct clearing *clearing, const struct nlmsghdr *message,
	const struct attributes *parts)
{
	const struct nfgenmsg *head = mnl_nlmsg_get_payload(message);
	const struct nlattr *tuple = parts->list[CTA_TUPLE_ORIG];
	const struct nlattr *zone = parts->list[CTA_ZONE];
	struct netfilter_request request;
	netfilter_request_begin(&request, NEW_MESSAGE, 0);
	((struct nfgenmsg *)mnl_nlmsg_get_payload(request.message))->nfgen_family =
		head->nfgen_family;
	if (!mnl_attr_put_check(request.message, sizeof(request.bytes),
		    CTA_TUPLE_ORIG | NLA_F_NESTED, mnl_attr_get_payload_len(tuple),
		    mnl_attr_get_payload(tuple))) {
		errno = EMSGSIZE;
		return false;
	}
	mnl_attr_put_u32(request.message, CTA_MARK, 0);
	mnl_attr_put_u32(request.message, CTA_MARK_MASK, htonl(clearing->sweep->mark));
	if (has_bytes(zone, sizeof(uint16_t))) {
		mnl_attr_put_u16(request.message, CTA_ZONE, mnl_attr_get_u16(zone));
	}
	if (netfilter_request_send(
		    &request, clearing->writing, &clearing->answer, NULL, NULL)) {
		clearing->counts->cleared++;
		return true;
	}
	return errno == ENOENT;
}

static bool take_connection(struct clearing *clearing, const struct nlmsghdr *message)
{
	struct attributes parts = {.list = {NULL}};
	struct conntrack_ends ends;
	uint16_t client_port;
	(void)mnl_attr_parse(message, sizeof(struct nfgenmsg), note_attribute, &parts);
	const struct nlattr *mark = parts.list[CTA_MARK];
	if (!has_bytes(mark, sizeof(uint32_t)) ||
		(netfilter_u32(mark) & clearing->sweep->mark) == 0 ||
		!read_sender(parts.list[CTA_TUPLE_ORIG], &ends.client, &client_port) ||
		!read_sender(
			parts.list[CTA_TUPLE_REPLY], &ends.server, &ends.server_port)) {
		return true;
	}
	clearing->counts->marked++;
	return !clearing->sweep->is_wanted(clearing->sweep->context, &ends) ||
	       clear_one(clearing, message, &parts);
}

/* The kernel's list ends by itself; *is_done then. */
static bool take_datagram(struct clearing *clearing, int left, bool *is_done)
{
	const struct nlmsghdr *message = (const struct nlmsghdr *)clearing->dump.bytes;
	for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
		if (message->nlmsg_type == NLMSG_DONE) {
			*is_done = true;
			return true;
		}
		if (message->nlmsg_type == NLMSG_ERROR) {
			const struct nlmsgerr *error = mnl_nlmsg_get_payload(message);
			errno = -error->error;
			return false;
		}
		if (message->nlmsg_type == NEW_MESSAGE &&
			!take_connection(clearing, message)) {
			return false;
		}
	}
	return true;
}

static bool take_all(struct clearing *clearing)
{
	struct netfilter_request request;
	bool is_done = false;
	netfilter_request_begin(&request, GET_MESSAGE, 0);
	request.message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	if (mnl_socket_sendto(clearing->reading, request.message,
		    request.message->nlmsg_len) < 0) {
		return false;
	}
	while (!is_done) {
		const ssize_t len = mnl_socket_recvfrom(
			clearing->reading, clearing->dump.bytes, clearing->dump.size);
		if (len < 0 || !take_datagram(clearing, (int)len, &is_done)) {
			return false;
		}
	}
	return true;
}

static bool open_all(struct clearing *clearing, struct reason *why)
{
	static const char NAME[] = "connections";
	if (!netfilter_inbox_make(&clearing->dump, 1, DUMP_BYTES, why) ||
		!netfilter_inbox_make(&clearing->answer, 1, ANSWER_BYTES, why)) {
		return false;
	}
	clearing->reading = netfilter_open(0, NAME, why);
	clearing->writing = clearing->reading ? netfilter_open(0, NAME, why) : NULL;
	return clearing->writing != NULL;
}

bool conntrack_clear(const struct conntrack_sweep *sweep,
	struct conntrack_counts *counts, struct reason *why)
{
	struct clearing clearing = {.sweep = sweep, .counts = counts};
	*counts = (struct conntrack_counts){0};
	const bool is_open = open_all(&clearing, why);
	const bool is_whole = is_open && take_all(&clearing);
	if (is_open && !is_whole) {
		(void)reason_set(why, "connections: %m");
	}
	if (clearing.writing) {
		(void)mnl_socket_close(clearing.writing);
	}
	if (clearing.reading) {
		(void)mnl_socket_close(clearing.reading);
	}
	netfilter_inbox_free(&clearing.answer);
	netfilter_inbox_free(&clearing.dump);
	return is_whole;
}

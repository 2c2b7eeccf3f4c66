# Included by the top Makefile: bench = make the captures that are missing, then measure.
BENCH_DIR     ?= build/bench
BENCH_OPTIONS ?=
BENCH_PARTS   := $(patsubst bench/%.c,$(BUILD)/bench/%.o,$(filter-out bench/pcaploop.c,$(wildcard bench/*.c)))
BENCH_CASES   := $(addprefix $(BENCH_DIR)/,mixed.pcap small.pcap mail.pcap)

$(BUILD)/bench/%.o: bench/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(BUILD)/bench/generate: $(BENCH_PARTS)
	$(CC) $(LDFLAGS) -o $@ $^

$(BUILD)/bench/pcaploop: $(BUILD)/bench/pcaploop.o
	$(CC) $(LDFLAGS) -o $@ $^ -lpcap

# Order-only: a rebuilt generator does not make a capture old, `make bench-clean` does.
$(BENCH_DIR)/%.pcap: | $(BUILD)/bench/generate
	@mkdir -p $(@D)
	$(BUILD)/bench/generate $* $@.part
	@mv $@.part $@

bench: $(BUILD)/mailwarden $(BUILD)/bench/pcaploop $(BENCH_CASES)
	bench/run --build $(BUILD) --dir $(BENCH_DIR) $(BENCH_OPTIONS)

bench-clean:
	rm -rf $(BENCH_DIR)

.PHONY: bench bench-clean

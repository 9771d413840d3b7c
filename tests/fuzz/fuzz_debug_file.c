// SPDX-License-Identifier: Apache-2.0
/* A hostile ELF file, from its section table (packed sections too) to names. */
#include <sys/mman.h>

#include "common/io.h"
#include "symbolizer/native/file_names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(struct elf_file *file, int fd)
{
	static const uint64_t addrs[] = { 0x1000, 0x1040, 0x1080, 0x10c0,   0x1100,   0x1140,
					  0x1180, 0x11c0, 0x1200, 0x401000, 0x401100, 0x401200 };
	struct debug_search search = { .root_fd = -1 };
	struct file_question question = { .file = file,
					  .fd = fd,
					  .path = "fuzzed",
					  .elf_vaddrs = addrs,
					  .cnt = sizeof(addrs) / sizeof(*addrs),
					  .search = &search,
					  .kept.dir_fd = -1,
					  .timeout_ns = 5000000000ULL };
	struct file_names *names = NULL;

	file_names__load(&question, &names);
	file_names__free(names);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scope_fd int fd = memfd_create("fuzz", MFD_CLOEXEC);
	scope_free(elf_file) struct elf_file *file = NULL;

	if (fd >= 0 && !io_write_full(fd, data, size) && !elf_file__open(fd, &file))
		ask(file, fd);
	return 0;
}

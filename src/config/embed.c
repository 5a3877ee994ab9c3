/* Puts whole files into the binary, byte for byte, with the assembler's .incbin: no generated
 * source, no executable stack (which `ld -b binary` leaves behind). A row here, its dependency in
 * the Makefile, a function in the header. */
#include "config/embed.h"

/* Defines <name>_start and <name>_end around the file, which is named from the root of the tree. */
#define EMBED(name, file)                                                                          \
	extern const char name##_start[], name##_end[];                                            \
	__asm__(".pushsection .rodata." #name ", \"a\", @progbits\n"                               \
	        ".hidden " #name "_start\n"                                                        \
	        ".hidden " #name "_end\n"                                                          \
	        ".globl " #name "_start\n"                                                         \
	        ".globl " #name "_end\n" #name "_start:\n"                                         \
	        ".incbin \"" file "\"\n" #name "_end:\n"                                           \
	        ".byte 0\n"                                                                        \
	        ".popsection\n")

EMBED(embed_catalog_file, "etc/catalog.yaml");

struct str embed_catalog(void)
{
	return (struct str){embed_catalog_file_start,
	                    (size_t)(embed_catalog_file_end - embed_catalog_file_start)};
}

// SPDX-License-Identifier: GPL-2.0-only
/// Maglev's lookup table (Eisenbud et al., NSDI 2016, section 3.4), for any prime size.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace lvslab::ipvs {

/// One backend's part in a Maglev table: its preference list is offset, offset + skip,
/// offset + 2 skip, ... modulo the table's size.
struct MaglevBackend {
    std::uint32_t offset = 0;  ///< below the table's size
    std::uint32_t skip = 1;    ///< 1 ... size - 1
    std::uint32_t turns = 1;   ///< slots it takes each time it is its turn; 0 = it takes none
};

/// A slot that nobody owns: only in the table of no backends.
inline constexpr std::uint32_t no_backend = 0xFFFFFFFFU;

/// The table: the index of the backend that owns each slot. `size` is prime, so that every
/// preference list visits every slot. O(size log size) steps on average.
std::vector<std::uint32_t> build_maglev_table(std::span<const MaglevBackend> backends,
                                              std::uint32_t size);

/// The size of the kernel's table as Debian builds it (CONFIG_IP_VS_MH_TAB_INDEX 12).
inline constexpr std::uint32_t kernel_maglev_size = 4093;

/// Keys of the two hashes that the kernel places servers and clients by (ip_vs_mh.c).
inline constexpr std::uint64_t maglev_key_1 = 2654435761ULL;
inline constexpr std::uint64_t maglev_key_2 = 2654446892ULL;

}  // namespace lvslab::ipvs

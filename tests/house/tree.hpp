// SPDX-License-Identifier: GPL-2.0-only
/// The project's files as the house rules see them.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace lvslab::house {

/// One text file of the project.
struct File {
    std::string path;                ///< relative to the project's folder
    std::vector<std::string> lines;  ///< without line ends

    std::string name() const;       ///< "address.cpp"
    std::string extension() const;  ///< ".cpp"
    bool is_header() const { return extension() == ".hpp"; }
    bool is_cpp() const { return is_header() || extension() == ".cpp"; }
};

/// All text files below `root` in the order of their paths, but for what is built or produced
/// (build/, results/, hidden folders except .ci/) and the bad tree that tests these rules.
std::vector<File> read_tree(const std::filesystem::path& root);

/// `lines` with comments, and what stands in quotes, made blank: what the compiler would act on.
std::vector<std::string> code_of(const std::vector<std::string>& lines);

}  // namespace lvslab::house

// SPDX-License-Identifier: GPL-2.0-only
#include "tests/house/tree.hpp"

#include <algorithm>
#include <fstream>

namespace lvslab::house {
namespace fs = std::filesystem;
namespace {

bool left_out(const std::string& path, const std::string& name) {
    return path == "build" || path == "results" || path == "tests/house/data" ||
           name == "__pycache__" || (name.starts_with('.') && path != ".ci");
}

std::vector<std::string> read_lines(const fs::path& path) {
    std::ifstream in(path);
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) {
        lines.push_back(std::move(line));
    }
    return lines;
}

bool is_text(const std::vector<std::string>& lines) {
    return std::ranges::none_of(
        lines, [](const auto& line) { return line.find('\0') != std::string::npos; });
}

void collect(const fs::path& root, const fs::path& folder, std::vector<File>& files) {
    for (const auto& entry : fs::directory_iterator(folder)) {
        const auto path = entry.path().lexically_relative(root).generic_string();
        const auto name = entry.path().filename().string();
        if (left_out(path, name)) {
            continue;
        }
        if (entry.is_directory()) {
            collect(root, entry.path(), files);
            continue;
        }
        auto lines = read_lines(entry.path());
        if (entry.is_regular_file() && is_text(lines)) {
            files.push_back({path, std::move(lines)});
        }
    }
}

/// Blanks comments and quoted text of one line after another.
class Blanker {
public:
    std::string operator()(const std::string& line) {
        std::string code;
        quote_ = 0;  // no literal of ours goes over a line's end but raw ones, blanked by content
        for (std::size_t i = 0; i < line.size(); ++i) {
            const std::string_view next = std::string_view(line).substr(i, 2);
            if (in_comment_) {
                in_comment_ = next != "*/";
                i += in_comment_ ? 0U : 1U;
            } else if (quote_ != 0) {
                i += line[i] == '\\' ? 1U : 0U;
                quote_ = line[i] == quote_ ? char{0} : quote_;
            } else if (next == "//") {
                break;
            } else if (next == "/*") {
                in_comment_ = true;
                ++i;
            } else if (line[i] == '"' || (line[i] == '\'' && !is_digit_separator(line, i))) {
                quote_ = line[i];
            } else {
                code += line[i];
            }
        }
        return code;
    }

private:
    static bool is_digit_separator(const std::string& line, std::size_t i) {
        return i > 0 && std::isxdigit(static_cast<unsigned char>(line[i - 1])) != 0;
    }

    bool in_comment_ = false;
    char quote_ = 0;
};

}  // namespace

std::string File::name() const {
    return fs::path(path).filename().string();
}

std::string File::extension() const {
    return fs::path(path).extension().string();
}

std::vector<File> read_tree(const fs::path& root) {
    std::vector<File> files;
    collect(root, root, files);
    std::ranges::sort(files, {}, &File::path);
    return files;
}

std::vector<std::string> code_of(const std::vector<std::string>& lines) {
    std::vector<std::string> code;
    std::ranges::transform(lines, std::back_inserter(code), Blanker{});
    return code;
}

}  // namespace lvslab::house

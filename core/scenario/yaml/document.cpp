// SPDX-License-Identifier: GPL-2.0-only
#include "core/scenario/yaml/document.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <sstream>
#include <utility>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "core/scenario/yaml/named_values.hpp"
#include "core/scenario/yaml/shorthand.hpp"

namespace lvslab::scenario::yaml {
namespace {

bool continues_character(char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

// Turns yaml-cpp's marks, which count bytes of the expanded text from 0, into places of the source.
class Places {
public:
    Places(const Expanded& expanded, std::string file)
        : expanded_(expanded), file_(std::move(file)) {
        line_starts_.push_back(0);
        for (std::size_t i = 0; i < expanded.text.size(); ++i) {
            if (expanded.text[i] == '\n') {
                line_starts_.push_back(i + 1);
            }
        }
    }

    SourceLocation at(const YAML::Mark& mark) const {
        if (mark.is_null() || mark.line < 0 || mark.column < 0) {
            return {file_, 0, 0};
        }
        const auto line = std::min(static_cast<std::size_t>(mark.line), line_starts_.size() - 1);
        const auto start = line_starts_[line];
        const auto column = static_cast<std::size_t>(mark.column);
        const auto& inserted = expanded_.inserted;
        const auto before =
            static_cast<std::size_t>(std::ranges::lower_bound(inserted, start + column) -
                                     std::ranges::lower_bound(inserted, start));
        return {file_, static_cast<unsigned>(line + 1), static_cast<unsigned>(column - before + 1)};
    }

private:
    const Expanded& expanded_;
    std::string file_;
    std::vector<std::size_t> line_starts_;
};

// Ends the parsing: a finding makes the rest meaningless.
struct Stop {};

Node node_at(Node::Kind kind, SourceLocation location) {
    Node node;
    node.kind = kind;
    node.location = std::move(location);
    return node;
}

class TreeBuilder : public YAML::EventHandler {
public:
    TreeBuilder(Places& places, Diagnostics& diagnostics)
        : places_(places), diagnostics_(diagnostics) {}

    std::optional<Node>& root() { return root_; }

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (++documents_ > 1) {
            fail(mark, "a scenario is one YAML document; a second one begins here");
        }
    }
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        check_anchor(mark, anchor);
        add(node_at(Node::Kind::null, places_.at(mark)));
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        fail(mark, "YAML aliases (*name) are not supported; write the value out");
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        check_anchor(mark, anchor);
        check_tag(mark, tag, false);
        auto node = node_at(Node::Kind::scalar, places_.at(mark));
        node.text = value;
        node.quoted = tag == "!";
        add(std::move(node));
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        check_tag(mark, tag, false);
        open(mark, anchor, node_at(Node::Kind::sequence, places_.at(mark)));
    }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        check_tag(mark, tag, true);
        auto node = node_at(Node::Kind::mapping, places_.at(mark));
        if (tag.size() > 1 && tag.front() == '!') {
            node.name = tag.substr(1);
        }
        open(mark, anchor, std::move(node));
    }
    void OnSequenceEnd() override { close(); }
    void OnMapEnd() override { close(); }

private:
    struct Frame {
        Node node;
        std::optional<Node> key;  // of a mapping: read, its value not yet
        std::set<std::string> seen;
    };

    [[noreturn]] void fail(const YAML::Mark& mark, std::string message) {
        diagnostics_.error(places_.at(mark), std::move(message));
        throw Stop{};
    }

    void check_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
        if (anchor != YAML::NullAnchor) {
            fail(mark, "YAML anchors (&name) are not supported; write the value out where needed");
        }
    }

    void check_tag(const YAML::Mark& mark, const std::string& tag, bool mapping) {
        const bool plain = tag.empty() || tag == "?" || tag == "!";
        const bool named = mapping && tag.front() == '!' && is_value_name(tag.substr(1));
        if (!plain && !named) {
            fail(mark, fmt::format("YAML tags ({}) are not supported", tag));
        }
    }

    void open(const YAML::Mark& mark, YAML::anchor_t anchor, Node node) {
        check_anchor(mark, anchor);
        if (stack_.size() == deepest_nesting) {
            fail(mark, fmt::format("more than {} levels of nesting", deepest_nesting));
        }
        stack_.push_back({std::move(node), std::nullopt, {}});
    }

    void close() {
        Node done = std::move(stack_.back().node);
        stack_.pop_back();
        add(std::move(done));
    }

    void add(Node node) {
        if (stack_.empty()) {
            root_ = std::move(node);
            return;
        }
        auto& top = stack_.back();
        if (top.node.kind == Node::Kind::sequence) {
            top.node.items.push_back(std::move(node));
        } else if (!top.key) {
            if (node.kind != Node::Kind::scalar) {
                diagnostics_.error(node.location, "a key must be a plain word");
                throw Stop{};
            }
            top.key = std::move(node);
        } else {
            add_entry(top, std::move(node));
        }
    }

    void add_entry(Frame& frame, Node value) {
        Node key = std::move(*frame.key);
        frame.key.reset();
        if (!frame.seen.insert(key.text).second) {
            const auto& first = *std::ranges::find(frame.node.entries, key.text, &Entry::key);
            diagnostics_.error(key.location,
                               fmt::format("key \"{}\" is given twice, first on line {}", key.text,
                                           first.location.line));
            return;
        }
        if (value.kind == Node::Kind::null) {
            value.location = key.location;
        }
        frame.node.entries.push_back({std::move(key.text), key.location, std::move(value)});
    }

    Places& places_;
    Diagnostics& diagnostics_;
    std::vector<Frame> stack_;
    std::optional<Node> root_;
    unsigned documents_ = 0;
};

// Length of the UTF-8 character at the start of the text, 0 if it is none (or a control character).
std::size_t character_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    if (byte(0) < 0x80) {
        return byte(0) >= 0x20 || byte(0) == '\n' || byte(0) == '\r' || byte(0) == '\t' ? 1 : 0;
    }
    const std::size_t length = byte(0) >= 0xF0 ? 4 : byte(0) >= 0xE0 ? 3 : 2;
    if (byte(0) < 0xC2 || byte(0) > 0xF4 || text.size() < length) {
        return 0;
    }
    for (std::size_t i = 1; i < length; ++i) {
        if (!continues_character(text[i])) {
            return 0;
        }
    }
    return length;
}

// The first byte that is not text, as a place; nothing if all is text.
std::optional<SourceLocation> first_non_text(std::string_view text, const std::string& file) {
    SourceLocation here{file, 1, 1};
    for (std::size_t i = 0; i < text.size();) {
        const auto length = character_length(text.substr(i));
        if (length == 0) {
            return here;
        }
        here.column += static_cast<unsigned>(length);
        if (text[i] == '\n') {
            ++here.line;
            here.column = 1;
        }
        i += length;
    }
    return std::nullopt;
}

// Where a line is indented by a tab, which YAML forbids and yaml-cpp reports as something else.
std::optional<SourceLocation> first_indenting_tab(std::string_view text, const std::string& file) {
    unsigned line = 1;
    for (std::size_t start = 0; start < text.size(); ++line) {
        const auto end = std::min(text.find('\n', start), text.size());
        const auto content = text.substr(start, end - start);
        const auto tab = content.find_first_not_of(' ');
        if (tab != std::string_view::npos && content[tab] == '\t' &&
            content.find_first_not_of(" \t\r") != std::string_view::npos) {
            return SourceLocation{file, line, static_cast<unsigned>(tab + 1)};
        }
        start = end + 1;
    }
    return std::nullopt;
}

std::string in_words(const std::string& yaml_message) {
    if (yaml_message == YAML::ErrorMsg::MAP_VALUE) {
        return "not valid YAML: a second \": \" in this value, or a key where none can be "
               "(quote the value, or check the indentation)";
    }
    return "not valid YAML: " + yaml_message;
}

}  // namespace

SourceLocation Node::location_at(std::size_t offset) const {
    auto place = location;
    if (kind == Kind::scalar && !quoted) {
        place.column += static_cast<unsigned>(offset);
    }
    return place;
}

Checked<Node> parse(std::string_view text, const std::string& file) {
    Checked<Node> result;
    auto& diagnostics = result.diagnostics;
    if (text.size() > largest_text) {
        diagnostics.error({file, 0, 0}, fmt::format("larger than {} bytes", largest_text));
        return result;
    }
    if (const auto place = first_non_text(text, file)) {
        diagnostics.error(*place, "not text: a byte that is not UTF-8, or a control character");
        return result;
    }
    const auto expanded = expand_named_mappings(text, value_names());
    Places places(expanded, file);
    TreeBuilder builder(places, diagnostics);
    try {
        std::istringstream stream(expanded.text);
        YAML::Parser parser(stream);
        while (parser.HandleNextDocument(builder)) {
        }
    } catch (const Stop&) {
        return result;
    } catch (const YAML::Exception& e) {
        const auto tab = first_indenting_tab(text, file);
        diagnostics.error(
            tab.value_or(places.at(e.mark)),
            tab ? "a tab indents this line; YAML allows only spaces" : in_words(e.msg));
        return result;
    }
    if (!builder.root() || builder.root()->kind == Node::Kind::null) {
        diagnostics.error({file, 0, 0}, "empty: expected a scenario");
        return result;
    }
    result.value = std::move(builder.root());
    return result;
}

}  // namespace lvslab::scenario::yaml

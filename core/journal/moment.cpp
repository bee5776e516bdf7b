// SPDX-License-Identifier: GPL-2.0-only
#include "core/journal/moment.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "core/base/spelling.hpp"

namespace lvslab::journal {
namespace {

constexpr std::string_view forms =
    "a moment is \"takeover\", \"web1 is taken out\", \"web1 is put back\", \"crash of web1\" (or "
    "another fault of something), \"the cut is healed\", \"lvs1 becomes active\", \"addresses are "
    "announced\" or \"fault 1\"";

const FaultWords* find_fault(std::string_view word, std::string_view FaultWords::*form) {
    const auto& all = fault_words();
    const auto found =
        std::ranges::find_if(all, [&](const auto& f) { return !word.empty() && f.*form == word; });
    return found == all.end() ? nullptr : &*found;
}

bool contains(const std::vector<std::string>& names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

class MomentReader {
public:
    MomentReader(Sentence& sentence, std::size_t end, const KnownNames& names, std::string_view its)
        : s_(sentence), begin_(sentence.position()), end_(end), names_(names), its_(its) {}

    std::optional<Moment> read() {
        moment_.text = s_.text_between(begin_, end_);
        if (s_.position() >= end_) {
            s_.error(fmt::format("no moment is given; {}", forms));
            return std::nullopt;
        }
        if (!read_fixed() && !read_fault_of() && !read_sentence()) {
            s_.back_to(end_);
            return std::nullopt;
        }
        if (s_.position() < end_) {
            s_.error(fmt::format("\"{}\" is more than a moment needs; {}",
                                 s_.text_between(s_.position(), end_), forms));
            s_.back_to(end_);
            return std::nullopt;
        }
        return moment_;
    }

private:
    bool kind(Moment::Kind kind) {
        moment_.kind = kind;
        return true;
    }

    // The article in front of a name says nothing.
    void skip_article() {
        for (const std::string_view article : {"the", "a", "an"}) {
            if (s_.position() < end_ && s_.take({article})) {
                return;
            }
        }
    }

    /// Moments that have no subject.
    bool read_fixed() {
        const auto begin = s_.position();
        skip_article();
        if (s_.take({"takeover"})) {
            return kind(Moment::Kind::takeover);
        }
        if (s_.take({"addresses", "are", "announced"})) {
            return kind(Moment::Kind::announced);
        }
        if (s_.peek() == "fault") {
            const auto word = s_.peek(1);
            const auto [last, error] =
                std::from_chars(word.data(), word.data() + word.size(), moment_.number);
            if (error == std::errc{} && last == word.data() + word.size() && moment_.number > 0) {
                s_.skip(2);
                return kind(Moment::Kind::fault_number);
            }
        }
        s_.back_to(begin);
        return false;
    }

    /// `crash of web1`, `web1's crash`, `its crash`, `the crash`
    bool read_fault_of() {
        const auto begin = s_.position();
        skip_article();
        if (const auto* fault = find_fault(s_.peek(), &FaultWords::name)) {
            s_.skip(1);
            if (s_.position() == end_) {
                return of_fault(*fault);
            }
            if (s_.take({"of"}) && read_subject(end_)) {
                return of_fault(*fault);
            }
            s_.back_to(begin);
            return false;
        }
        const auto* fault = end_ > s_.position() + 1
                                ? find_fault(s_.peek(end_ - s_.position() - 1), &FaultWords::name)
                                : nullptr;
        if (fault != nullptr && read_owner()) {
            s_.skip(1);
            return of_fault(*fault);
        }
        s_.back_to(begin);
        return false;
    }

    bool of_fault(const FaultWords& fault) {
        moment_.fault = fault.name;
        return kind(Moment::Kind::fault);
    }

    /// The words before the last one: `its`, `web1's`, `the active router's`.
    bool read_owner() {
        if (s_.position() + 2 == end_ && s_.take({"its"})) {
            return read_it(s_.position() - 1);
        }
        auto owner = s_.text_between(s_.position(), end_ - 1);
        if (!owner.ends_with("'s")) {
            return false;
        }
        owner.resize(owner.size() - 2);
        moment_.subject = owner;
        if (!is_subject(owner)) {
            return false;
        }
        s_.back_to(end_ - 1);
        return true;
    }

    bool read_it(std::size_t at) {
        if (its_.empty()) {
            s_.error_at(at, fmt::format("\"{}\" has nothing to stand for here; name it",
                                        s_.text_between(at, at + 1)));
            told_ = true;
            return false;
        }
        moment_.subject = its_;
        return true;
    }

    /// `web1 is taken out`, `lvs1 becomes active`, `web1 crashes`, `the cut is healed`
    bool read_sentence() {
        if (told_) {
            return false;
        }
        if (s_.take({"the", "cut", "is", "healed"}) || s_.take({"cut", "is", "healed"})) {
            return of_fault(*find_fault("heal", &FaultWords::name));
        }
        std::size_t verb = s_.position();
        while (verb < end_ && !is_verb(s_.peek(verb - s_.position()))) {
            ++verb;
        }
        if (verb == end_) {
            s_.error(fmt::format("\"{}\" is no moment; {}", moment_.text, forms));
            return false;
        }
        return read_subject(verb) && read_predicate();
    }

    static bool is_verb(std::string_view word) {
        return word == "is" || word == "becomes" || word == "are" ||
               find_fault(word, &FaultWords::verb) != nullptr;
    }

    bool read_subject(std::size_t end) {
        const auto begin = s_.position();
        if (begin + 1 == end && s_.take({"it"})) {
            return read_it(begin);
        }
        skip_article();
        moment_.subject = s_.text_between(s_.position(), end);
        if (!is_subject(moment_.subject)) {
            const auto first = s_.peek();
            s_.error(fmt::format("\"{}\" is no server, router or link of this scenario{}",
                                 moment_.subject, suggestion(first, subjects())));
            told_ = true;
            return false;
        }
        s_.back_to(end);
        return true;
    }

    bool read_predicate() {
        const auto verb_at = s_.position();
        const auto verb = s_.next();
        if (const auto* fault = find_fault(verb, &FaultWords::verb)) {
            return of_fault(*fault);
        }
        if (verb == "becomes") {
            return read_role(verb_at);
        }
        if (s_.take({"taken", "out"})) {
            return of_server(Moment::Kind::taken_out);
        }
        if (s_.take({"put", "back"})) {
            return of_server(Moment::Kind::put_back);
        }
        if (const auto* fault = find_fault(s_.peek(), &FaultWords::done)) {
            s_.skip(1);
            return of_fault(*fault);
        }
        std::vector<std::string_view> known{"taken out", "put back"};
        for (const auto& fault : fault_words()) {
            known.push_back(fault.done);
        }
        s_.error(fmt::format("\"{} {}\" is nothing that happens{}", verb,
                             s_.text_between(s_.position(), end_),
                             suggestion(s_.text_between(s_.position(), end_), known)));
        return false;
    }

    bool read_role(std::size_t verb_at) {
        const bool active = s_.peek() == "active";
        if (!active && s_.peek() != "inactive") {
            s_.error(
                fmt::format("\"becomes {}\" is nothing that happens; a router becomes active "
                            "or inactive",
                            s_.peek()));
            return false;
        }
        if (!contains(names_.routers, moment_.subject)) {
            s_.error_at(verb_at - 1,
                        fmt::format("\"{}\" is no router{}", moment_.subject,
                                    suggestion(moment_.subject, views(names_.routers))));
            return false;
        }
        s_.skip(1);
        return kind(active ? Moment::Kind::becomes_active : Moment::Kind::becomes_inactive);
    }

    bool of_server(Moment::Kind k) {
        if (!contains(names_.servers, moment_.subject)) {
            s_.error_at(begin_, fmt::format("\"{}\" is no server{}", moment_.subject,
                                            suggestion(moment_.subject, views(names_.servers))));
            return false;
        }
        return kind(k);
    }

    static std::vector<std::string_view> views(const std::vector<std::string>& names) {
        return {names.begin(), names.end()};
    }

    std::vector<std::string_view> subjects() const {
        std::vector<std::string_view> all;
        for (const auto* names : {&names_.servers, &names_.routers, &names_.data_servers}) {
            all.insert(all.end(), names->begin(), names->end());
        }
        all.insert(all.end(),
                   {"active router", "standby router", "heartbeat", "gateway", "gateway standby"});
        return all;
    }

    /// A node or one of its two sides; the heartbeat or one of its two paths.
    bool is_subject(std::string_view text) const {
        for (const auto known : subjects()) {
            if (text == known) {
                return true;
            }
            if (text.starts_with(known)) {
                const auto rest = text.substr(known.size());
                if (rest == " public" || rest == " private") {
                    return true;
                }
            }
        }
        return text.starts_with("gateway ") && contains(names_.clients, text.substr(8));
    }

    Sentence& s_;
    std::size_t begin_, end_;
    const KnownNames& names_;
    std::string_view its_;
    Moment moment_;
    bool told_ = false;  ///< the error has been reported
};

}  // namespace

const std::vector<FaultWords>& fault_words() {
    static const std::vector<FaultWords> words{
        {"crash", "crashes", "crashed"},
        {"restart", "restarts", "restarted"},
        {"hang", "hangs", "hung"},
        {"resume", "resumes", "resumed"},
        {"stop", "stops", "stopped"},
        {"start", "starts", "started"},
        {"slow", "", "slowed"},
        {"suspend", "", "suspended"},
        {"kill", "", "killed"},
        {"cut", "", "cut"},
        {"heal", "", "healed"},
        {"loss", "", "lossy"},
        {"delay", "", "delayed"},
        {"release", "", "released"},
        {"reload", "reloads", "reloaded"},
        {"terminate", "terminates", "terminated"},
    };
    return words;
}

std::optional<Moment> read_moment(Sentence& sentence, std::size_t end, const KnownNames& names,
                                  std::string_view its) {
    return MomentReader(sentence, end, names, its).read();
}

Checked<Moment> parse_moment(std::string_view text, const SourceLocation& where,
                             const KnownNames& names) {
    Checked<Moment> result;
    Sentence sentence(text, where, result.diagnostics);
    const auto end = sentence_words(text).size();
    result.value = read_moment(sentence, end, names, "");
    return result;
}

}  // namespace lvslab::journal

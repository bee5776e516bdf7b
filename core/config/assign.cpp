// SPDX-License-Identifier: GPL-2.0-only
#include "core/config/assign.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lvslab::config {

namespace {

std::optional<Fault> check_shape(ValueType type, std::span<const Choice> choices,
                                 std::span<const Token> words) {
    const auto expected = [&] { return expected_of(type, choices); };
    if (words.size() < 2 || words[1].text != "=") {
        const std::size_t at = words.size() < 2 ? 0 : 1;
        return Fault{ErrorKind::equal_expected, at,
                     words.size() < 2 ? fmt::format("nothing follows {}", shown(words[0].text))
                                      : fmt::format("found {}", shown(words[1].text))};
    }
    const std::size_t values = type == ValueType::host_and_device ? 2 : 1;
    if (words.size() < values + 2) {
        // The original compares a null pointer with "[".
        const bool crashes = type == ValueType::list;
        return Fault{crashes ? ErrorKind::crash : ErrorKind::missing_args, words.size() - 1,
                     fmt::format("found nothing after {}, expected {}", shown(words.back().text),
                                 expected())};
    }
    if (type != ValueType::list && words.size() > values + 2) {
        const auto extra = words[values + 2].text;
        return Fault{ErrorKind::extra_args, values + 2,
                     fmt::format("found {} behind the value{}", shown(extra),
                                 extra.starts_with('#') ? "; a comment needs a line of its own"
                                                        : ", expected the end of the line")};
    }
    return std::nullopt;
}

/// The value as lvsd hands it to nanny: double quotes gone, single quotes still there.
std::string probe_text(const Token& word) {
    return word.quote == '\'' ? fmt::format("'{}'", word.text) : std::string(word.text);
}

/// Stores a value in a field of each kind.
template <class Model>
class Store {
public:
    Store(const Directive<Model>& directive, std::span<const Token> words, Model& model,
          ValueReader& reader)
        : directive_(directive), words_(words), model_(model), reader_(reader) {}

    std::optional<Fault> operator()(bool Model::*field) {
        return put(reader_.boolean(word()), model_.*field);
    }
    std::optional<Fault> operator()(std::int64_t Model::*field) {
        auto number = reader_.integer(word());
        if (number.value && directive_.type == ValueType::count && *number.value < 0) {
            return Fault{ErrorKind::int_expected, 2,
                         fmt::format("found {}, expected {}", shown(word()), expected())};
        }
        return put(number, model_.*field);
    }
    std::optional<Fault> operator()(Duration Model::*field) {
        return put(reader_.seconds(word()), model_.*field);
    }
    std::optional<Fault> operator()(Weight Model::*field) {
        auto number = reader_.integer(word());
        if (number.value) {
            model_.*field = Weight(*number.value);
        }
        return number.fault;
    }
    std::optional<Fault> operator()(Fwmark Model::*field) {
        auto number = reader_.integer(word());
        if (number.value) {
            model_.*field = Fwmark(static_cast<std::uint32_t>(*number.value));
        }
        return number.fault;
    }
    std::optional<Fault> operator()(Address Model::*field) {
        return put(directive_.type == ValueType::nonzero_host ? reader_.nonzero_host(word())
                                                              : reader_.host(word()),
                   model_.*field);
    }
    std::optional<Fault> operator()(std::optional<Address> Model::*field) {
        auto& target = model_.*field;
        switch (directive_.type) {
            case ValueType::netmask:
                return put(reader_.netmask(word()), target);
            case ValueType::persistence_mask:
                return put(reader_.persistence_mask(word(), target), target);
            default:
                return put_unless_zero(directive_.type == ValueType::dotted
                                           ? reader_.dotted(word(), ErrorKind::bad_hostname)
                                           : reader_.host(word()),
                                       target);
        }
    }
    std::optional<Fault> operator()(std::string Model::*field) { return put_text(model_.*field); }
    std::optional<Fault> operator()(std::optional<std::string> Model::*field) {
        if (directive_.type == ValueType::probe_text) {
            model_.*field = probe_text(words_[2]);
            return std::nullopt;
        }
        std::string text;
        auto fault = put_text(text);
        if (!fault) {
            model_.*field = std::move(text);
        }
        return fault;
    }
    std::optional<Fault> operator()(std::optional<std::vector<std::string>> Model::*field) {
        return put(reader_.list(words_), model_.*field);
    }
    std::optional<Fault> operator()(NetworkType Model::*field) { return put_word(model_.*field); }
    std::optional<Fault> operator()(ServiceType Model::*field) { return put_word(model_.*field); }
    std::optional<Fault> operator()(Protocol Model::*field) { return put_word(model_.*field); }
    std::optional<Fault> operator()(Failback Model::*field) { return put_word(model_.*field); }
    std::optional<Fault> operator()(std::optional<CheckType> Model::*field) {
        CheckType type{};
        auto fault = put_word(type);
        if (!fault) {
            model_.*field = type;
        }
        return fault;
    }
    std::optional<Fault> operator()(std::optional<StatusRange> Model::*field) {
        return put(reader_.status_range(word()), model_.*field);
    }
    std::optional<Fault> operator()(std::optional<Duration> Model::*field) {
        return put(reader_.period(word()), model_.*field);
    }
    std::optional<Fault> operator()(std::optional<std::int64_t> Model::*field) {
        return put(reader_.times(word()), model_.*field);
    }
    std::optional<Fault> operator()(const PortMember<Model>& field) {
        auto read = reader_.port(word(), directive_.type == ValueType::port);
        if (read.value) {
            model_.*field.port = read.value->port;
            model_.*field.out_of_range = read.value->out_of_range;
        }
        return read.fault;
    }
    std::optional<Fault> operator()(const DeviceMember<Model>& field) {
        return put_with_device(put(reader_.host(word()), model_.*field.address),
                               model_.*field.device);
    }
    std::optional<Fault> operator()(const OptionalDeviceMember<Model>& field) {
        return put_with_device(put_unless_zero(reader_.host(word()), model_.*field.address),
                               model_.*field.device);
    }

private:
    std::string_view word() const { return words_[2].text; }
    std::string expected() const { return expected_of(directive_.type, directive_.choices); }

    template <class T, class Field>
    std::optional<Fault> put(Read<T> read, Field& field) {
        if (read.value) {
            field = std::move(*read.value);
        }
        return read.fault;
    }

    std::optional<Fault> put_unless_zero(Read<Address> read, std::optional<Address>& field) {
        if (read.value) {
            field = read.value->is_unspecified() ? std::optional<Address>{} : read.value;
        }
        return read.fault;
    }

    std::optional<Fault> put_with_device(std::optional<Fault> fault, std::string& device) {
        if (!fault) {
            device = words_[3].text;
        }
        return fault;
    }

    template <class Enum>
    std::optional<Fault> put_word(Enum& field) {
        auto fault = reader_.choice(word(), directive_.choices);
        if (!fault) {
            from_word(word(), field);
        }
        return fault;
    }

    std::optional<Fault> put_text(std::string& field) {
        std::optional<Fault> fault;
        if (directive_.also != nullptr && !reader_.piranha() && directive_.also(word())) {
            reader_.warn_of_extension(ErrorKind::bad_argument);
        } else if (directive_.type == ValueType::choice) {
            fault = reader_.choice(word(), directive_.choices);
        } else if (directive_.type == ValueType::flags) {
            fault = reader_.flags(word(), directive_.choices);
        } else if (directive_.type == ValueType::url_path ||
                   directive_.type == ValueType::url_host) {
            fault = reader_.url_part(word(), directive_.type);
        } else if (!directive_.choices.empty() && !reader_.piranha() &&
                   std::ranges::find(directive_.choices, word(), &Choice::word) ==
                       directive_.choices.end()) {
            reader_.warn(fmt::format("found {}, expected {}; Piranha loads it all the same",
                                     shown(word()),
                                     expected_of(ValueType::choice, directive_.choices)));
        }
        if (!fault) {
            field = word();
        }
        return fault;
    }

    const Directive<Model>& directive_;
    std::span<const Token> words_;
    Model& model_;
    ValueReader& reader_;
};

}  // namespace

template <class Model>
std::optional<Fault> assign(const Directive<Model>& directive, std::span<const Token> words,
                            Model& model, ValueReader& reader) {
    if (auto fault = check_shape(directive.type, directive.choices, words)) {
        return fault;
    }
    if (directive.origin == Origin::extension) {
        reader.warn_of_extension(ErrorKind::bad_command);
    }
    return std::visit(Store<Model>(directive, words, model, reader), directive.member);
}

template std::optional<Fault> assign(const Directive<LvsConfig>&, std::span<const Token>,
                                     LvsConfig&, ValueReader&);
template std::optional<Fault> assign(const Directive<VirtualServer>&, std::span<const Token>,
                                     VirtualServer&, ValueReader&);
template std::optional<Fault> assign(const Directive<RealServer>&, std::span<const Token>,
                                     RealServer&, ValueReader&);

}  // namespace lvslab::config

// Service::bind: from names to code.

#include <set>

#include <fmt/format.h>

#include "barrel/rbr/check.hpp"
#include "barrel/server/assets.hpp"
#include "barrel/server/service.hpp"
#include "barrel/server/targets.hpp"
#include "barrel/server/types.hpp"
#include "base/text.hpp"

namespace homespun::barrel {

using rbr::Diagnostics;
using rbr::Position;

class Binder {
  public:
    Binder(const Natives& natives, const Assets* assets) : natives_(natives), assets_(assets) {}

    std::expected<Service, Diagnostics> bind(rbr::File file, Service::Options options) {
        if (Diagnostics wrong = rbr::check(file); !wrong.empty()) return std::unexpected(std::move(wrong));
        Service service;
        service.options_ = options;
        service.file_ = std::make_unique<const rbr::File>(std::move(file));
        service.globals_ = std::make_unique<Globals>();
        file_ = service.file_.get();
        globals(*service.globals_);
        hooks(service);
        for (const rbr::Type* type : file_->all<rbr::Type>())
            types_.emplace(type->name, find<Check>(type->check, "a check"));
        for (const rbr::Path* path : file_->all<rbr::Path>())
            service.endpoints_.push_back(endpoint(*path));
        left_over();
        if (!problems_.empty()) return std::unexpected(std::move(problems_));
        return service;
    }

  private:
    void report(Position at, std::string message, std::string hint = {}) {
        rbr::Diagnostic diagnostic = rbr::diagnose(*file_, at, std::move(message));
        diagnostic.hint = std::move(hint);
        problems_.push_back(std::move(diagnostic));
    }

    template <class Kind>
    Kind find(std::string_view name, Position at, std::string_view wanted) {
        used_.insert(std::string(name));
        if (const Kind* found = natives_.find<Kind>(name)) return *found;
        if (const std::string_view other = natives_.kind_of(name); !other.empty()) {
            report(at,
                   fmt::format("native:{} is registered as {}, but {} is needed here", name, other, wanted));
            return {};
        }
        const std::string_view near = rbr::nearest(name, natives_.names());
        report(at, fmt::format("nothing is registered as native:{}", name),
               near.empty() ? "" : fmt::format("did you mean native:{}?", near));
        return {};
    }
    template <class Kind>
    Kind find(const rbr::Native& native, std::string_view wanted) {
        return find<Kind>(native.name, native.at, wanted);
    }

    void globals(Globals& globals) {
        for (const rbr::Global* global : file_->all<rbr::Global>()) {
            if (const auto* literal = std::get_if<rbr::Literal>(&global->value)) {
                if (const auto integer = literal->integer())
                    globals.set(global->name, *integer);
                else if (const auto number = literal->number())
                    globals.set(global->name, *number);
                else
                    globals.set(global->name, literal->text);
                continue;
            }
            const auto& native = std::get<rbr::Native>(global->value);
            const Factory factory = find<Factory>(native, "a factory");
            if (!factory) continue;
            auto made = factory(globals);
            if (made)
                globals.set(global->name, std::move(made->value));
            else
                report(native.at,
                       fmt::format("the global `{}` could not be made: {}", global->name, made.error()));
        }
    }

    void hooks(Service& service) {
        service.finisher_ = natives_.finisher();
        for (const rbr::Hook* hook : file_->all<rbr::Hook>()) {
            switch (hook->kind) {
                case rbr::Hook::Kind::Unmatched:
                    service.on_unmatched_ = find<Hook>(hook->use, "a hook");
                    break;
                case rbr::Hook::Kind::Method:
                    service.on_method_ = find<Hook>(hook->use, "a hook");
                    break;
                case rbr::Hook::Kind::Check:
                    service.on_check_ = find<Hook>(hook->use, "a hook");
                    break;
                case rbr::Hook::Kind::Error:
                    service.on_error_ = find<Hook>(hook->use, "a hook");
                    break;
                case rbr::Hook::Kind::Options:
                    service.on_options_ = find<OptionsHook>(hook->use, "an options hook");
                    break;
            }
        }
    }

    Check type(const std::string& name) {
        if (!rbr::is_builtin_type(name))
            return types_.at(name);  // `check` has seen to it that it is declared
        return [name](Context&, std::string_view value) -> std::expected<void, Problem> {
            if (is_of_type(name, value)) return {};
            return std::unexpected(Problem{});
        };
    }

    Rule rule(const rbr::UnlessType& unless) {
        Rule made{
            unless.header.value_or(""), unless.type, type(unless.type), unless.negated, true, unless.status};
        return made;
    }

    Rule rule(const rbr::UnlessValid& unless) {
        if (const auto* name = std::get_if<std::string>(&unless.check))
            return Rule{unless.header, *name, type(*name), false, true, unless.status};
        const auto& native = std::get<rbr::Native>(unless.check);
        return Rule{unless.header, native.name, find<Check>(native, "a check"), false, false, unless.status};
    }

    void section(Endpoint& endpoint, const rbr::Section& section) {
        using Kind = rbr::Section::Kind;
        const bool response = section.kind == Kind::ResponseBody;
        for (const rbr::Command& command : section.commands) {
            if (const auto* it = std::get_if<rbr::UnlessType>(&command.value)) {
                if (section.kind == Kind::RequestHeaders)
                    endpoint.header_rules.push_back(rule(*it));
                else
                    (response ? endpoint.response_steps : endpoint.request_steps).emplace_back(rule(*it));
            }
            if (const auto* it = std::get_if<rbr::UnlessValid>(&command.value))
                endpoint.header_rules.push_back(rule(*it));
            if (const auto* it = std::get_if<rbr::Alter>(&command.value)) {
                (response ? endpoint.response_steps : endpoint.request_steps)
                    .emplace_back(find<Alter>(it->with, "an alter"));
            }
            if (const auto* it = std::get_if<rbr::OnError>(&command.value)) {
                (section.kind == Kind::RequestHeaders ? endpoint.headers_broken
                 : response                           ? endpoint.response_broken
                                                      : endpoint.request_broken) = it->status;
            }
            if (const auto* it = std::get_if<rbr::SetHeader>(&command.value))
                endpoint.response_headers.emplace_back(it->name, it->value.text);
            if (const auto* it = std::get_if<rbr::ContentType>(&command.value))
                endpoint.content_types.push_back(base::to_lower(it->type));
        }
    }

    Endpoint endpoint(const rbr::Path& path) {
        Endpoint made;
        made.contract = &path;
        if (const auto limit = path.max_size()) made.plan.max_body = *limit;
        made.plan.stream = path.streams();
        made.plan.timeout = path.timeout().value_or(std::chrono::milliseconds(0));
        if (const rbr::Auth* auth = path.find<rbr::Auth>())
            made.authenticator = find<Authenticator>(auth->with, "an authenticator");
        for (const rbr::Statement& statement : path.statements) {
            if (const auto* it = std::get_if<rbr::Section>(&statement.value)) section(made, *it);
        }
        target(made, path.find<rbr::Use>()->target);
        return made;
    }

    void target(Endpoint& endpoint, const rbr::Target& target) {
        if (target.kind == rbr::Target::Kind::Native) {
            endpoint.handler = find<Handler>(target.name, target.at, "a handler");
            if (const auto limit = natives_.body_limit_of(target.name)) endpoint.plan.max_body = *limit;
            return;
        }
        if (target.kind == rbr::Target::Kind::Echo) {
            endpoint.handler = echo();
            return;
        }
        if (assets_ == nullptr) {
            report(target.at, "this program has no assets to serve");
            return;
        }
        // An altered file gets no tag: it may say something else tomorrow.
        const bool conditional = endpoint.response_steps.empty();
        if (target.kind == rbr::Target::Kind::Directory) {
            endpoint.is_directory = true;
            endpoint.handler = serve_directory(*assets_, target.name, conditional);
            return;
        }
        if (!assets_->find(target.name))
            report(target.at, fmt::format("there is no asset `{}`", target.name));
        endpoint.handler = serve_file(*assets_, target.name, conditional);
    }

    void left_over() {
        const Position at = file_->find<rbr::Root>()->url.at;
        for (const std::string_view name : natives_.handler_names()) {
            if (!used_.contains(name))
                report(at, fmt::format("the handler native:{} is registered, but no path uses it", name));
        }
        for (const std::string_view name : natives_.limited_handlers()) {
            if (used_.contains(name)) continue;
            const std::string_view near = rbr::nearest(name, natives_.handler_names());
            report(at,
                   fmt::format("a body limit is set for native:{}, but no path uses a handler of that name",
                               name),
                   near.empty() ? "" : fmt::format("did you mean native:{}?", near));
        }
        for (const std::string& name : natives_.doubles())
            report(at, fmt::format("native:{} is registered twice", name));
    }

    const Natives& natives_;
    const Assets* assets_;
    const rbr::File* file_ = nullptr;
    std::map<std::string, Check, std::less<>> types_;
    std::set<std::string, std::less<>> used_;
    Diagnostics problems_;
};

std::expected<Service, Diagnostics> Service::bind(rbr::File file, const Natives& natives,
                                                  const Assets* assets, Options options) {
    return Binder(natives, assets).bind(std::move(file), options);
}

}  // namespace homespun::barrel

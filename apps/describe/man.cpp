#include "apps/describe/man.h"

#include <algorithm>
#include <cctype>

namespace plumbline::describe {
namespace {

// Text for the middle of a line; `words` in backquotes become bold.
std::string roff(const std::string& text) {
  std::string out;
  bool bold = false;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if (c == '\'') {
      out += "\\(aq";
    } else if (c == '`') {
      bold = !bold;
      out += bold ? "\\fB" : "\\fR";
    } else {
      out += c == '\n' ? ' ' : c;
    }
  }
  return out;
}

// A line of its own: a dot at its beginning would be a request.
std::string line(const std::string& text) {
  const std::string out = roff(text);
  return (out.starts_with('.') ? "\\&" : "") + out + "\n";
}

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

// "--secret-file" takes a FILE.
std::string value_of(const Option& option) {
  std::string out;
  for (const std::string& choice : option.choices) out.append(out.empty() ? "" : "|").append(choice);
  const std::string& name = option.names.back();
  return out.empty() ? upper(name.substr(name.rfind('-') + 1)) : out;
}

std::string page_name(const Command& command) {
  std::string name = command.path;
  std::replace(name.begin(), name.end(), ' ', '-');
  return name;
}

std::string synopsis(const Command& command) {
  std::string out = ".B " + roff(command.path) + "\n";
  const bool any = std::any_of(command.options.begin(), command.options.end(),
                               [](const Option& option) { return !option.positional; });
  if (any) out += "[\\fIoptions\\fR]\n";
  for (const Option& option : command.options) {
    if (!option.positional) continue;
    const std::string words = "\\fI" +
                              roff(option.choices.empty() ? upper(option.names.back()) : value_of(option)) +
                              "\\fR" + (option.many ? " ..." : "");
    out += (option.required ? words : "[" + words + "]") + "\n";
  }
  if (!command.commands.empty()) out += "\\fIcommand\\fR ...\n";
  return out;
}

std::string options(const Command& command) {
  std::string out;
  for (const Option& option : command.options) {
    std::string names;
    for (const std::string& name : option.names)
      names += (names.empty() ? "" : ", ") + std::string(option.positional ? "\\fI" : "\\fB") +
               roff(option.positional ? upper(name) : name) + "\\fR";
    if (!option.flag && !option.positional) names += " \\fI" + roff(value_of(option)) + "\\fR";
    out += ".TP\n" + names + "\n" + line(option.meaning);
  }
  return out;
}

std::string below(const Command& command) {
  std::string out;
  for (const Command& each : command.commands) {
    out += ".SS " + roff(each.path) + "\n" + synopsis(each) + ".PP\n" + line(each.meaning) + options(each) +
           below(each);
  }
  return out;
}

std::string see_also(const Command& root, const Command& page) {
  std::string out;
  for (const Command& each : root.commands) {
    if (&each != &page) out += (out.empty() ? "" : ",\n") + (".BR " + roff(page_name(each)) + " (1)");
  }
  if (&page != &root) out = ".BR " + roff(page_name(root)) + " (1)" + (out.empty() ? "" : ",\n") + out;
  return out.empty() ? "" : ".SH SEE ALSO\n" + out + "\n";
}

std::string page(const Command& root, const Command& command, const std::string& version,
                 const std::vector<Section>& sections) {
  std::string out =
      ".TH " + upper(roff(page_name(command))) + " 1 \"\" \"" + roff(version) + "\" \"Plumbline\"\n";
  const std::string meaning = command.meaning.substr(0, command.meaning.find('\n'));
  out += ".SH NAME\n" + roff(page_name(command)) + " \\- " + roff(meaning) + "\n";
  out += ".SH SYNOPSIS\n" + synopsis(command);
  if (const std::string text = options(command); !text.empty()) out += ".SH OPTIONS\n" + text;
  if (&command == &root) {
    out += ".SH COMMANDS\n";
    for (const Command& each : root.commands)
      out += ".TP\n.BR " + roff(page_name(each)) + " (1)\n" + line(each.meaning);
  } else if (!command.commands.empty()) {
    out += ".SH COMMANDS\n" + below(command);
  }
  for (const Section& section : sections) {
    out += ".SH " + section.title + "\n";
    for (const auto& [term, text] : section.entries) out += ".TP\n\\fB" + roff(term) + "\\fR\n" + line(text);
  }
  return out + see_also(root, command);
}

}  // namespace

std::vector<Page> man_pages(const Command& root, const std::string& version,
                            const std::vector<Section>& sections) {
  std::vector<Page> pages{{page_name(root) + ".1", page(root, root, version, sections)}};
  for (const Command& each : root.commands)
    pages.push_back({page_name(each) + ".1", page(root, each, version, sections)});
  return pages;
}

}  // namespace plumbline::describe

//! What of an older version a newer one has taken away or changed, by the rules that `buf breaking` calls WIRE and WIRE_JSON, and
//! a few stricter: services, methods, messages, enums and packages stay.

use std::collections::BTreeMap;

use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorSet, MethodDescriptorProto,
};

/// Everything that is broken, a line each; empty when whoever was built against `old` can talk to `new`.
pub fn breakages(old: &FileDescriptorSet, new: &FileDescriptorSet) -> Vec<String> {
    let (old, new) = (Api::of(old), Api::of(new));
    let mut broken = Vec::new();
    for package in old.packages.iter().filter(|package| !new.packages.contains(package)) {
        broken.push(format!("package {package}: removed"));
    }
    for (name, method) in &old.methods {
        match new.methods.get(name) {
            None => broken.push(format!("method {name}: removed")),
            Some(now) => method_breakages(name, method, now, &mut broken),
        }
    }
    for service in old.services.iter().filter(|service| !new.services.contains(service)) {
        broken.push(format!("service {service}: removed"));
    }
    for (name, message) in &old.messages {
        match new.messages.get(name) {
            None => broken.push(format!("message {name}: removed")),
            Some(now) => message_breakages(name, message, now, &mut broken),
        }
    }
    for (name, values) in &old.enums {
        match new.enums.get(name) {
            None => broken.push(format!("enum {name}: removed")),
            Some(now) => enum_breakages(name, values, now, &mut broken),
        }
    }
    broken
}

/// Everything in a set of files by its full name.
struct Api<'a> {
    packages: Vec<&'a str>,
    services: Vec<String>,
    methods: BTreeMap<String, &'a MethodDescriptorProto>,
    messages: BTreeMap<String, &'a DescriptorProto>,
    enums: BTreeMap<String, &'a EnumDescriptorProto>,
}

impl<'a> Api<'a> {
    fn of(set: &'a FileDescriptorSet) -> Self {
        let mut api = Self {
            packages: Vec::new(),
            services: Vec::new(),
            methods: BTreeMap::new(),
            messages: BTreeMap::new(),
            enums: BTreeMap::new(),
        };
        for file in &set.file {
            let package = file.package();
            api.packages.push(package);
            for service in &file.service {
                let name = format!("{package}.{}", service.name());
                for method in &service.method {
                    api.methods.insert(format!("{name}/{}", method.name()), method);
                }
                api.services.push(name);
            }
            file.message_type.iter().for_each(|message| api.message(package, message));
            for of in &file.enum_type {
                api.enums.insert(format!("{package}.{}", of.name()), of);
            }
        }
        api
    }

    fn message(&mut self, within: &str, message: &'a DescriptorProto) {
        let name = format!("{within}.{}", message.name());
        message.nested_type.iter().for_each(|inner| self.message(&name, inner));
        for of in &message.enum_type {
            self.enums.insert(format!("{name}.{}", of.name()), of);
        }
        self.messages.insert(name, message);
    }
}

fn method_breakages(
    name: &str,
    old: &MethodDescriptorProto,
    new: &MethodDescriptorProto,
    broken: &mut Vec<String>,
) {
    for (what, was, is) in
        [("request", old.input_type(), new.input_type()), ("response", old.output_type(), new.output_type())]
    {
        if was != is {
            broken.push(format!("method {name}: its {what} was {was} and is {is}"));
        }
    }
    let streams = |method: &MethodDescriptorProto| (method.client_streaming(), method.server_streaming());
    if streams(old) != streams(new) {
        broken.push(format!("method {name}: what of it is a stream has changed"));
    }
}

fn message_breakages(name: &str, old: &DescriptorProto, new: &DescriptorProto, broken: &mut Vec<String>) {
    for field in &old.field {
        let what = format!("field {name}.{} = {}", field.name(), field.number());
        match new.field.iter().find(|now| now.number() == field.number()) {
            Some(now) => field_breakages(&what, (old, field), (new, now), broken),
            None if reserves(new, field) => {}
            None => broken.push(format!("{what}: removed, and number and name are not both reserved")),
        }
    }
    for range in &old.reserved_range {
        if !new.reserved_range.iter().any(|now| now.start() <= range.start() && range.end() <= now.end()) {
            broken.push(format!("message {name}: {} is not reserved any more", range.start()));
        }
    }
    for reserved in old.reserved_name.iter().filter(|reserved| !new.reserved_name.contains(reserved)) {
        broken.push(format!("message {name}: `{reserved}` is not reserved any more"));
    }
}

fn reserves(message: &DescriptorProto, field: &FieldDescriptorProto) -> bool {
    let number = |range: &prost_types::descriptor_proto::ReservedRange| {
        range.start() <= field.number() && field.number() < range.end()
    };
    message.reserved_range.iter().any(number) && message.reserved_name.iter().any(|name| name == field.name())
}

fn field_breakages(
    what: &str,
    (old_message, old): (&DescriptorProto, &FieldDescriptorProto),
    (new_message, new): (&DescriptorProto, &FieldDescriptorProto),
    broken: &mut Vec<String>,
) {
    if old.name() != new.name() {
        broken.push(format!("{what}: is called {}", new.name()));
    }
    if old.json_name() != new.json_name() {
        broken.push(format!("{what}: is called {} in JSON", new.json_name()));
    }
    if (old.r#type(), old.type_name()) != (new.r#type(), new.type_name()) {
        broken.push(format!("{what}: has another type"));
    }
    if old.label() != new.label() || old.proto3_optional() != new.proto3_optional() {
        broken.push(format!("{what}: is repeated or optional otherwise than it was"));
    }
    if oneof(old_message, old) != oneof(new_message, new) {
        broken.push(format!("{what}: is in another oneof"));
    }
}

fn oneof<'m>(message: &'m DescriptorProto, field: &FieldDescriptorProto) -> Option<&'m str> {
    let index = usize::try_from(field.oneof_index?).ok()?;
    Some(message.oneof_decl.get(index)?.name())
}

fn enum_breakages(
    name: &str,
    old: &EnumDescriptorProto,
    new: &EnumDescriptorProto,
    broken: &mut Vec<String>,
) {
    for value in &old.value {
        let what = format!("enum value {name}.{} = {}", value.name(), value.number());
        match new.value.iter().find(|now| now.number() == value.number()) {
            Some(now) if now.name() == value.name() => {}
            Some(now) => broken.push(format!("{what}: is called {}", now.name())),
            None => broken.push(format!("{what}: removed")),
        }
    }
}

// Package prints helps the tests to show that nothing prints a secret.
package prints

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"os"
	"reflect"
	"strings"
)

// verbs are those of package fmt for what may hold text, with the flags that change what is printed.
var verbs = []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%#q", "%+q", "%d", "%o", "%b", "%c", "%U", "%e", "%t"}

// All is what every verb of package fmt and both handlers of package slog make of v, by their names.
func All(v any) map[string]string {
	out := map[string]string{}
	for _, verb := range verbs {
		out[verb] = fmt.Sprintf(verb, v)
	}
	var text, structured strings.Builder
	slog.New(slog.NewTextHandler(&text, nil)).Info("m", slog.Any("v", v), slog.Group("g", slog.Any("v", v)))
	slog.New(slog.NewJSONHandler(&structured, nil)).Info("m", slog.Any("v", v), slog.Group("g", slog.Any("v", v)))
	out["text handler"], out["JSON handler"] = text.String(), structured.String()
	return out
}

// ExportedTypes lists the exported types of the package in a folder, as its source has them.
func ExportedTypes(folder string) (names []string, err error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		name := entry.Name()
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), folder+"/"+name, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, declaration := range file.Decls {
			types, ok := declaration.(*ast.GenDecl)
			if !ok || types.Tok != token.TYPE {
				continue
			}
			for _, spec := range types.Specs {
				if name := spec.(*ast.TypeSpec).Name; name.IsExported() {
					names = append(names, name.Name)
				}
			}
		}
	}
	return names, nil
}

// TypesOf names the types of values, those behind pointers too, that a package has.
func TypesOf(importPath string, values map[string]any) map[string]bool {
	names := map[string]bool{}
	for _, v := range values {
		t := reflect.TypeOf(v)
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if t.PkgPath() == importPath {
			names[t.Name()] = true
		}
	}
	return names
}

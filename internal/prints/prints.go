// Package prints helps tests to check that nothing prints a secret.
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

// verbs are the verbs of package fmt that may print text, with the flags that change their output.
var verbs = []string{
	"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%#q", "%+q",
	"%d", "%o", "%b", "%c", "%U", "%e", "%t",
}

// All returns the output of every verb of package fmt and of both handlers of package slog for v,
// by the name of the verb or handler.
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

// ExportedTypes returns the names of the exported types that the package in folder declares.
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

// TypesOf returns the names of those types of values that belong to the package importPath. For a
// pointer it uses the type that the pointer points to.
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

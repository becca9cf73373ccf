//go:build ignore

// Generate writes model.json: what the service's model says about the members of requests. It reads the
// model that botocore has, service-2.json of cognito-idp:
//
//	go run generate.go < service-2.json
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"maps"
	"os"
	"slices"
	"strings"
)

type reference struct{ Shape string }

type source struct {
	Type, Pattern      string
	Enum, Required     []string
	Min, Max           *int64
	Members            json.RawMessage
	Member, Key, Value reference
	Document           bool // any JSON
}

type member struct {
	Name, Shape string
	Required    bool `json:",omitempty"`
}

type shape struct {
	Type                string
	Members             []member `json:",omitempty"`
	Element, Key, Value string   `json:",omitempty"`
	Min, Max            *int64   `json:",omitempty"`
	Pattern             string   `json:",omitempty"`
	Enum                []string `json:",omitempty"`
}

// enums are those in the order of the service's answers, where it is known. The others are sorted.
var enums = map[string][]string{
	"UserPoolMfaType":          {"OPTIONAL", "OFF", "ON"},
	"VerifiedAttributeType":    {"phone_number", "email"},
	"UsernameAttributeType":    {"phone_number", "email"},
	"AdvancedSecurityModeType": {"OFF", "AUDIT", "ENFORCED"},
	"DefaultEmailOptionType":   {"CONFIRM_WITH_LINK", "CONFIRM_WITH_CODE"},
}

// patterns are those that the service answers with, where the model has others.
var patterns = map[string]string{
	"PasswordType": `^[\S]+.*[\S]+$`,
	"DomainType":   `^[a-z0-9](?:[a-z0-9\-\.]{0,61}[a-z0-9])?$`, // custom domains have dots
}

// newer is what the service has, and botocore does not have yet.
const newer = `{
	"operations": {
		"AdminDeleteSoftwareToken": {"input": {"shape": "AdminDeleteSoftwareTokenRequest"}},
		"AdminGetUserAuthFactors": {"input": {"shape": "AdminGetUserAuthFactorsRequest"}},
		"GetClientToken": {"input": {"shape": "GetClientTokenRequest"}}
	},
	"shapes": {
		"AdminDeleteSoftwareTokenRequest": {"type": "structure", "required": ["UserPoolId", "Username"],
			"members": {"UserPoolId": {"shape": "UserPoolIdType"}, "Username": {"shape": "UsernameType"}}},
		"AdminGetUserAuthFactorsRequest": {"type": "structure", "required": ["UserPoolId", "Username"],
			"members": {"UserPoolId": {"shape": "UserPoolIdType"}, "Username": {"shape": "UsernameType"}}},
		"GetClientTokenRequest": {"type": "structure", "required": ["ClientId", "Secret"],
			"members": {"ClientId": {"shape": "ClientIdType"}, "Secret": {"shape": "PresentedSecretType"},
				"ClientMetadata": {"shape": "ClientMetadataType"}, "Scopes": {"shape": "ScopeListType"}}},
		"PresentedSecretType": {"type": "string", "min": 1, "max": 128}
	}
}`

// optional are members that botocore still requires.
var optional = map[string]string{"SmsConfigurationType": "SnsCallerArn"} // or EumsSms

// newerFlow is a value of ExplicitAuthFlowsType that botocore does not have yet.
const newerFlow = "ALLOW_CLIENT_TOKEN_AUTH"

func main() {
	var in struct {
		Operations map[string]struct{ Input reference }
		Shapes     map[string]source
	}
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		log.Fatal(err)
	}
	for _, model := range [][]byte{[]byte(newer), text} { // the model goes before
		if err := json.Unmarshal(model, &in); err != nil {
			log.Fatal(err)
		}
	}
	shapes := map[string]shape{}
	var add func(name string)
	add = func(name string) {
		if _, ok := shapes[name]; ok || name == "" {
			return
		}
		from, ok := in.Shapes[name]
		if !ok {
			log.Fatalf("no shape %s", name)
		}
		to := shape{
			Type: from.Type, Element: from.Member.Shape, Key: from.Key.Shape, Value: from.Value.Shape,
			Min: from.Min, Max: from.Max, Pattern: from.Pattern, Enum: slices.Sorted(slices.Values(from.Enum)),
		}
		if name == "ExplicitAuthFlowsType" && !slices.Contains(to.Enum, newerFlow) {
			to.Enum = slices.Sorted(slices.Values(append(to.Enum, newerFlow)))
		}
		if known := enums[name]; known != nil {
			if !slices.Equal(to.Enum, slices.Sorted(slices.Values(known))) {
				log.Fatalf("%s has other values: %v", name, to.Enum)
			}
			to.Enum = known
		}
		if known := patterns[name]; known != "" {
			to.Pattern = known
		}
		switch {
		case from.Document:
			to.Type = "document"
		case from.Type == "structure":
			to.Members = members(from)
		}
		for i, m := range to.Members {
			to.Members[i].Required = m.Required && optional[name] != m.Name
			// The server checks references to triggers itself, since they may be URLs.
			trigger := strings.Contains(name, "Lambda") || name == "PreTokenGenerationVersionConfigType"
			if trigger && m.Shape == "ArnType" && m.Name != "KMSKeyID" {
				to.Members[i].Shape = "StringType"
			}
			// A server's configuration may have secrets that the service would not take.
			if m.Shape == "ClientSecretType" && (name == "GetTokensFromRefreshTokenRequest" || name == "RevokeTokenRequest") {
				to.Members[i].Shape = "PresentedSecretType"
			}
		}
		shapes[name] = to
		add(to.Element)
		add(to.Key)
		add(to.Value)
		for _, m := range to.Members {
			add(m.Shape)
		}
	}
	operations := map[string]string{}
	for name, op := range in.Operations {
		operations[name] = op.Input.Shape
		add(op.Input.Shape)
	}
	var out bytes.Buffer
	out.WriteString(`{"Operations": {` + "\n" + lines(operations) + "},\n" + `"Shapes": {` + "\n" + lines(shapes) + "}}\n")
	if err := os.WriteFile("model.json", out.Bytes(), 0o644); err != nil {
		log.Fatal(err)
	}
}

// members returns the members of a structure in the model's order.
func members(s source) []member {
	var list []member
	decoder := json.NewDecoder(bytes.NewReader(s.Members))
	if _, err := decoder.Token(); err != nil {
		log.Fatal(err)
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			log.Fatal(err)
		}
		var r reference
		if err := decoder.Decode(&r); err != nil {
			log.Fatal(err)
		}
		list = append(list, member{name.(string), r.Shape, slices.Contains(s.Required, name.(string))})
	}
	return list
}

// lines writes one entry a line, so that changes can be read.
func lines[V any](all map[string]V) string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		var line bytes.Buffer
		encoder := json.NewEncoder(&line)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(all[name]); err != nil {
			log.Fatal(err)
		}
		list = append(list, fmt.Sprintf("%q: %s", name, strings.TrimSpace(line.String())))
	}
	return strings.Join(list, ",\n")
}

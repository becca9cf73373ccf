package localpool

import (
	"net/url"
	"strings"
	"text/template"

	"github.com/gocognito/cognito/cognitotest"
)

// greeting prints how to point several kinds of clients at the pool.
func (f Settings) greeting(srv *cognitotest.Server) string {
	region, _, _ := strings.Cut(srv.UserPoolID, "_")
	name, password, _ := strings.Cut(f.user, ":")
	var text strings.Builder
	err := greeting.Execute(&text, map[string]any{
		"Server": srv, "Region": region, "Name": name, "Password": password, "MFA": f.mfa, "Issuer": f.issuer, "Data": f.data,
		"Callback": split(f.callbacks)[0], "EscapedCallback": url.QueryEscape(split(f.callbacks)[0]),
		"Logout":    url.QueryEscape(append(split(f.logouts), "")[0]),
		"MachineID": machineID, "MachineSecret": machineSecret, "Scope": apiIdentifier + "/read",
	})
	if err != nil {
		panic(err) // the template fits what it is given
	}
	return text.String()
}

var greeting = template.Must(template.New("greeting").Parse(`User pool {{.Server.UserPoolID}} at {{.Server.URL}}
  app client  {{.Server.ClientID}}{{with .Server.ClientSecret}}, secret {{.}}{{end}}
  issuer      {{.Server.Issuer}}
  keys        {{.Server.JWKSURL}}
  MFA         {{.MFA}}{{with .Name}}
  user        {{.}}, password {{$.Password}}, e-mail {{.}}@example.com{{end}}

Managed login, for which {{.Server.URL}} is the domain:
  sign in     {{.Server.URL}}/oauth2/authorize?response_type=code&client_id={{.Server.ClientID}}&redirect_uri={{.EscapedCallback}}
  sign out    {{.Server.URL}}/logout?client_id={{.Server.ClientID}}&logout_uri={{.Logout}}
  tokens      {{.Server.URL}}/oauth2/token
  discovery   {{.Server.URL}}/{{.Server.UserPoolID}}/.well-known/openid-configuration
  callback    {{.Callback}}
A machine's token, with a scope of the resource server https://api.example.com:
  curl -u {{.MachineID}}:{{.MachineSecret}} -d grant_type=client_credentials -d scope={{.Scope}} {{.Server.URL}}/oauth2/token

Go, this library:
  c, err := cognito.New("{{.Server.UserPoolID}}", "{{.Server.ClientID}}", cognito.WithEndpoint("{{.Server.URL}}")
	{{- with .Server.ClientSecret}}, cognito.WithClientSecret("{{.}}"){{end}}
	{{- with .Issuer}}, cognito.WithIssuer("{{.}}"), cognito.WithJWKSURL("{{$.Server.JWKSURL}}"){{end}})
  v, err := cognito.NewVerifier("{{.Server.UserPoolID}}", []string{"{{.Server.ClientID}}"}, cognito.WithIssuers("{{.Server.Issuer}}"){{with .Issuer}},
    cognito.WithJWKS(keys)) // the JSON at {{$.Server.JWKSURL}}{{else}}){{end}}
{{if not .Server.ClientSecret}}
Amplify JS 6:
  Amplify.configure({ Auth: { Cognito: { userPoolId: "{{.Server.UserPoolID}}", userPoolClientId: "{{.Server.ClientID}}",
    userPoolEndpoint: "{{.Server.URL}}" } } });

amazon-cognito-identity-js:
  new CognitoUserPool({ UserPoolId: "{{.Server.UserPoolID}}", ClientId: "{{.Server.ClientID}}", endpoint: "{{.Server.URL}}" })
{{else}}
Amplify JS and amazon-cognito-identity-js know no client secret: start without -secret for them.
{{end}}
pycognito, which takes the endpoint for the issuer, too:
  Cognito("{{.Server.UserPoolID}}", "{{.Server.ClientID}}", username="{{or .Name "bob"}}"
	{{- with .Server.ClientSecret}}, client_secret="{{.}}"{{end}}, boto3_client_kwargs={"endpoint_url": "{{.Server.URL}}"})

boto3:
  boto3.client("cognito-idp", region_name="{{.Region}}", endpoint_url="{{.Server.URL}}")

AWS CLI, with any credentials, which are not checked:
  export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local AWS_DEFAULT_REGION={{.Region}}
  aws --endpoint-url {{.Server.URL}} cognito-idp list-users --user-pool-id {{.Server.UserPoolID}}

The command-line program of this repository (cmd/cognito){{if .Server.ClientSecret}}, with the secret in COGNITO_CLIENT_SECRET{{end}}:
  cognito token -endpoint {{.Server.URL}} -pool {{.Server.UserPoolID}} -client {{.Server.ClientID}} -user {{or .Name "bob"}}

The other examples of this repository{{if .Server.ClientSecret}}, with the secret in COGNITO_CLIENT_SECRET{{end}}:
  go run ./examples/quickstart -endpoint {{.Server.URL}} -pool {{.Server.UserPoolID}} -client {{.Server.ClientID}} -user {{or .Name "bob"}}

More pools: aws --endpoint-url {{.Server.URL}} cognito-idp create-user-pool --pool-name another
{{with .Data}}Everything is kept in {{.}}.
{{end}}
Messages are printed here. Interrupt to stop.
`))

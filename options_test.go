package cognito_test

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// callOptions are all options of calls, by the names that the documentation calls them by.
var callOptions = map[string]cognito.CallOption{
	"Flow": cognito.Flow("X"), "ClientMetadata": cognito.ClientMetadata{}, "ValidationData": cognito.ValidationData{},
	"UserContextData": cognito.UserContextData{}, "AttributeMap": cognito.AttributeMap{},
	"ContextData": cognito.ContextData{IPAddress: "192.0.2.1", ServerName: "x", ServerPath: "/"},
	"Limit":       cognito.Limit(1), "PageSize": cognito.PageSize(1), "SelectAttributes": cognito.SelectAttributes("x"),
	"FilterEquals": cognito.FilterEquals("email", "x"), "FilterPrefix": cognito.FilterPrefix("email", "x"),
	"Password": cognito.Password("x"), "ForceAliasCreation": cognito.ForceAliasCreation(),
	"TemporaryPassword": cognito.TemporaryPassword("x"), "MessageAction": cognito.MessageAction("RESEND"),
	"DeliveryMediums": cognito.DeliveryMediums("SMS"), "AnalyticsMetadata": cognito.AnalyticsMetadata("x"),
	"TargetACR": cognito.TargetACR("x"), "MaxAge": cognito.MaxAge(time.Second), "AuthParameter": cognito.AuthParameter("X", "x"),
}

// pendingFor are the challenges that methods answer; the others do without.
var pendingFor = map[string]cognito.ChallengeName{
	"RespondToChallenge": "NEW", "RespondToSMSMFAChallenge": cognito.ChallengeSMSMFA, "RespondToEmailOTPChallenge": cognito.ChallengeEmailOTP,
	"RespondToSMSOTPChallenge": cognito.ChallengeSMSOTP, "RespondToSoftwareTokenMFAChallenge": cognito.ChallengeSoftwareTokenMFA,
	"RespondToNewPasswordChallenge": cognito.ChallengeNewPasswordRequired, "RespondToCustomChallenge": cognito.ChallengeCustomChallenge,
	"RespondToPasswordChallenge": cognito.ChallengePassword, "RespondToWebAuthnChallenge": cognito.ChallengeWebAuthn,
	"SelectMFAType": cognito.ChallengeSelectMFAType, "SelectChallenge": cognito.ChallengeSelectChallenge,
	"SetupEmailMFA": cognito.ChallengeMFASetup, "VerifySoftwareToken": cognito.ChallengeMFASetup,
}

// sources parses the package's files without the tests.
func sources(t *testing.T) (files []*ast.File) {
	t.Helper()
	entries, err := os.ReadDir(".")
	require.NoError(t, err)
	for _, entry := range entries {
		if name := entry.Name(); strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.SkipObjectResolution)
			require.NoError(t, err)
			files = append(files, file)
		}
	}
	return files
}

// Each method's documentation lists the options that it takes, and no other.
func TestMethodsListTheirOptions(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	srv.Intercept(func(w http.ResponseWriter, _ *http.Request) bool {
		http.Error(w, `{"__type":"NotAuthorizedException"}`, http.StatusBadRequest)
		return true
	})
	c := newClient(t, srv, cognito.WithUsername("x"), cognito.WithStaticCredentials("a", "b", ""), cognito.WithClientOptions(noBackoff))
	user := c.UserFromAttributes("x", nil)
	user.Attributes["name"] = "x"

	checked := 0
	for _, file := range sources(t) {
		for _, declaration := range file.Decls {
			method, ok := declaration.(*ast.FuncDecl)
			if !ok || method.Recv == nil || !method.Name.IsExported() {
				continue
			}
			name := method.Name.Name
			receivers := []any{c, user}
			if pending, ok := pendingFor[name]; ok {
				receivers = nil
				for _, admin := range []bool{false, true} {
					ch := cognito.Challenge{Name: pending, Session: strings.Repeat("s", 20), Username: "x", Admin: admin}
					receivers = append(receivers, c.ForUser("x", cognito.WithChallenge(ch)))
				}
			}
			var taken []string
			found := false
			for _, receiver := range receivers {
				call := reflect.ValueOf(receiver).MethodByName(name)
				if typeOf := ast.Unparen(method.Recv.List[0].Type); !call.IsValid() || !takesOptions(call.Type()) || !isReceiver(typeOf, receiver) {
					continue
				}
				found = true
				for option, value := range callOptions {
					if !slices.Contains(taken, option) && takes(t, call, value) {
						taken = append(taken, option)
					}
				}
			}
			if !found {
				continue
			}
			checked++
			for option := range callOptions {
				assert.Equal(t, slices.Contains(taken, option), strings.Contains(method.Doc.Text(), "["+option+"]"),
					"%s: it takes the option %s, or its documentation says so, but not both", name, option)
			}
		}
	}
	assert.Greater(t, checked, 45)
}

// isReceiver reports whether receiver is of the type that a method is declared for.
func isReceiver(declared ast.Expr, receiver any) bool {
	star, ok := declared.(*ast.StarExpr)
	if !ok {
		return false
	}
	name, ok := star.X.(*ast.Ident)
	return ok && reflect.TypeOf(receiver).Elem().Name() == name.Name
}

func takesOptions(method reflect.Type) bool {
	return method.IsVariadic() && method.In(method.NumIn()-1) == reflect.TypeFor[[]cognito.CallOption]()
}

// takes reports whether a method does not reject option. What it says to the rest of the call does
// not matter.
func takes(t *testing.T, method reflect.Value, option cognito.CallOption) bool {
	t.Helper()
	var args []reflect.Value
	for i := range method.Type().NumIn() - 1 {
		arg := reflect.New(method.Type().In(i)).Elem()
		switch v := arg.Addr().Interface().(type) {
		case *context.Context:
			*v = t.Context()
		case *string:
			*v = "x"
		case *cognito.ChallengeName:
			*v = "X"
		case *cognito.Attributes:
			*v = cognito.Attributes{"name": "x"}
		}
		args = append(args, arg)
	}
	results := method.Call(append(args, reflect.ValueOf(option)))
	last := results[len(results)-1]
	switch v := last.Interface().(type) {
	case *cognito.User: // which tells when it is saved
		return !isRejected(err1(v.AdminSave(t.Context())))
	case error:
		return !isRejected(v)
	}
	if last.Kind() == reflect.Func { // a list
		for _, err := range last.Seq2() {
			rejected, _ := reflect.TypeAssert[error](err)
			return !isRejected(rejected)
		}
	}
	return true
}

func isRejected(err error) bool {
	return err != nil && strings.Contains(err.Error(), "this call takes only")
}

// All options are found under CallOption in the documentation, or are types that are one;
// TestMethodsListTheirOptions must know each.
func TestEveryCallOptionIsListed(t *testing.T) {
	t.Parallel()
	var names []string
	var listed string
	for _, file := range sources(t) {
		for _, declaration := range file.Decls {
			switch d := declaration.(type) {
			case *ast.FuncDecl:
				if returnsOption(d) && d.Recv == nil && d.Name.IsExported() {
					names = append(names, d.Name.Name)
				}
				if d.Recv != nil && d.Name.Name == "applyCall" {
					if name, ok := d.Recv.List[0].Type.(*ast.Ident); ok && name.IsExported() {
						names = append(names, name.Name)
					}
				}
			case *ast.GenDecl:
				if len(d.Specs) == 1 {
					if spec, ok := d.Specs[0].(*ast.TypeSpec); ok && spec.Name.Name == "CallOption" {
						listed = d.Doc.Text()
					}
				}
			}
		}
	}
	require.NotEmpty(t, listed)
	for _, name := range names {
		assert.Contains(t, callOptions, name)
		assert.Contains(t, listed, "["+name+"]")
	}
	assert.Len(t, names, len(callOptions))
}

func returnsOption(f *ast.FuncDecl) bool {
	if f.Type.Results == nil || len(f.Type.Results.List) != 1 {
		return false
	}
	name, ok := f.Type.Results.List[0].Type.(*ast.Ident)
	return ok && name.Name == "CallOption"
}

// The names are the service's, and there is one for each that the SDK knows.
func TestNamesOfFlowsAndChallenges(t *testing.T) {
	t.Parallel()
	flows := []cognito.AuthFlow{
		cognito.FlowUserSRPAuth, cognito.FlowUserPasswordAuth, cognito.FlowCustomAuth, cognito.FlowUserAuth,
		cognito.FlowAdminUserPasswordAuth, cognito.FlowAdminNoSRPAuth, cognito.FlowRefreshTokenAuth,
		"REFRESH_TOKEN", // the old name of REFRESH_TOKEN_AUTH
	}
	assert.ElementsMatch(t, types.AuthFlowType("").Values(), flows)
	challenges := []cognito.ChallengeName{
		cognito.ChallengeSMSMFA, cognito.ChallengeSoftwareTokenMFA, cognito.ChallengeEmailOTP, cognito.ChallengeSMSOTP,
		cognito.ChallengeWebAuthn, cognito.ChallengePassword, cognito.ChallengePasswordSRP, cognito.ChallengeMFASetup,
		cognito.ChallengeSelectMFAType, cognito.ChallengeSelectChallenge, cognito.ChallengeNewPasswordRequired,
		cognito.ChallengeCustomChallenge, cognito.ChallengePasswordVerifier, cognito.ChallengeDeviceSRPAuth,
		cognito.ChallengeDevicePasswordVerifier, cognito.ChallengeAdminNoSRPAuth,
	}
	assert.ElementsMatch(t, types.ChallengeNameType("").Values(), challenges)
}

package cognito_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// exampleAdmin returns an in-process pool with some users, and a client with AWS credentials. A
// real program needs no option for the credentials: they come from the default AWS configuration.
func exampleAdmin() (*cognitotest.Server, *cognito.Cognito) {
	srv := cognitotest.NewServer(cognitotest.Config{})
	for _, name := range []string{"ann", "anton", "bob"} {
		srv.AddUser(cognitotest.User{
			Username: name, Password: "Correct-Horse-1",
			Attributes: map[string]string{"email": name + "@example.com", "email_verified": "true", "given_name": name},
		})
	}
	c, err := cognito.New(srv.UserPoolID, srv.ClientID, cognito.WithEndpoint(srv.URL), cognito.WithStaticCredentials("AKIDEXAMPLE", "secret", ""))
	if err != nil {
		log.Fatal(err)
	}
	return srv, c
}

func ExampleCognito_Users() {
	srv, pool := exampleAdmin()
	defer srv.Close()

	for user, err := range pool.Users(context.Background(), cognito.FilterPrefix("email", "an")) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(user.Username, user.Status, user.Enabled, user.Attributes["email"])
	}
	// Output:
	// ann CONFIRMED true ann@example.com
	// anton CONFIRMED true anton@example.com
}

func ExampleCognito_AdminCreateUser() {
	srv, pool := exampleAdmin()
	defer srv.Close()
	ctx := context.Background()

	user, err := pool.AdminCreateUser(ctx, "dora", cognito.Attributes{"email": "dora@example.com", "email_verified": "true"},
		cognito.TemporaryPassword("Temporary-Horse-1"), cognito.MessageAction(types.MessageActionTypeSuppress))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(user)

	_, err = pool.AdminCreateUser(ctx, "dora", nil)
	fmt.Println(errors.Is(err, cognito.ErrUserExists))
	// Output:
	// User{dora, FORCE_CHANGE_PASSWORD}
	// true
}

func ExampleUser_AdminSave() {
	srv, pool := exampleAdmin()
	defer srv.Close()
	ctx := context.Background()

	user, err := pool.AdminGetUser(ctx, "ann")
	if err != nil {
		log.Fatal(err)
	}
	user.Attributes["given_name"] = "Anna"
	delete(user.Attributes, "email")
	if _, err := user.AdminSave(ctx); err != nil {
		log.Fatal(err)
	}
	user, err = pool.AdminGetUser(ctx, "ann")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%q %q\n", user.Attributes["given_name"], user.Attributes["email"])
	// Output: "Anna" ""
}

func ExampleCognito_AdminDisableUser() {
	srv, pool := exampleAdmin()
	defer srv.Close()
	ctx := context.Background()

	if err := pool.AdminDisableUser(ctx, "ann"); err != nil {
		log.Fatal(err)
	}
	err := pool.ForUser("ann").Authenticate(ctx, "Correct-Horse-1")
	fmt.Println(errors.Is(err, cognito.ErrUserDisabled))
	// Output: true
}

func ExampleCognito_AdminSetPassword() {
	srv, pool := exampleAdmin()
	defer srv.Close()
	ctx := context.Background()

	if err := pool.AdminSetPassword(ctx, "ann", "Another-Horse-2", true); err != nil {
		log.Fatal(err)
	}
	fmt.Println(pool.ForUser("ann").Authenticate(ctx, "Another-Horse-2"))
	// Output: <nil>
}

func ExampleCognito_AdminAddUserToGroup() {
	srv, pool := exampleAdmin()
	defer srv.Close()
	ctx := context.Background()

	_, err := pool.CreateGroup(ctx, cognito.Group{Name: "editors", Description: "May edit", Precedence: aws.Int32(1)})
	if err != nil && !errors.Is(err, cognito.ErrGroupExists) {
		log.Fatal(err)
	}
	if err := pool.AdminAddUserToGroup(ctx, "ann", "editors"); err != nil {
		log.Fatal(err)
	}
	groups, err := pool.AdminListGroupsForUser(ctx, "ann")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(groups[0].Name, groups[0].Description)
	for user, err := range pool.UsersInGroup(ctx, "editors") {
		fmt.Println(user, err)
	}
	// Output:
	// editors May edit
	// User{ann, CONFIRMED} <nil>
}

func ExampleCognito_AdminUpdateIdentityProvider() {
	srv, pool := exampleAdmin()
	defer srv.Close()
	ctx := context.Background()

	_, err := pool.AdminCreateIdentityProvider(ctx, cognito.IdentityProvider{
		Name: "Corp", Type: types.IdentityProviderTypeTypeOidc,
		Details: map[string]string{
			"client_id": "1example", "client_secret": "hush-hush", "oidc_issuer": "https://corp.example.com",
			"authorize_scopes": "openid email", "attributes_request_method": "GET",
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	provider, err := pool.AdminUpdateIdentityProvider(ctx, "Corp", func(p *cognito.IdentityProvider) {
		p.AttributeMapping = map[string]string{"email": "mail"}
	})
	switch {
	case errors.Is(err, cognito.ErrConflict):
		fmt.Println("someone else changed it, try again")
	case err != nil:
		log.Fatal(err)
	default:
		fmt.Println(provider, provider.AttributeMapping)
	}
	// Output: IdentityProvider{Corp, OIDC} map[email:mail]
}

func ExampleCognito_AdminUpdateUserPoolClient() {
	srv, pool := exampleAdmin()
	defer srv.Close()

	app, err := pool.AdminUpdateUserPoolClient(context.Background(), srv.ClientID, func(app *cognito.UserPoolClient) {
		app.Settings.ClientName = aws.String("web") // other settings stay unchanged
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(aws.ToString(app.Settings.ClientName), app.Settings.ExplicitAuthFlows)
	// Output: web [ALLOW_USER_SRP_AUTH ALLOW_CUSTOM_AUTH ALLOW_REFRESH_TOKEN_AUTH]
}

// A server that signs users in passes the data of the user's browser, rather than its own, to the
// pool's threat protection.
func ExampleContextDataFromRequest() {
	handler := func(_ http.ResponseWriter, r *http.Request) {
		data := cognito.ContextDataFromRequest(r)
		data.EncodedData = r.FormValue("cognito_data") // from the AWS script in the page
		fmt.Printf("%s %s%s %s %q\n", data.IPAddress, data.ServerName, data.ServerPath, data.HTTPHeaders, data.EncodedData)
	}
	r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "https://app.example.com/sign-in?cognito_data=abc", nil)
	r.Header.Set("User-Agent", "Browser/1")
	r.Header.Set("Cookie", "session=secret")
	handler(nil, r)
	// Output: 192.0.2.1 app.example.com/sign-in map[User-Agent:[Browser/1]] "abc"
}

// An administrator makes a user set a new password. The old password is no longer valid, and the
// pool sends the user a code.
func ExampleCognito_AdminResetPassword() {
	srv, pool := exampleAdmin()
	defer srv.Close()
	ctx := context.Background()

	if err := pool.AdminResetPassword(ctx, "ann"); err != nil {
		log.Fatal(err)
	}
	fmt.Println(pool.ForUser("ann").ConfirmForgotPassword(ctx, srv.Code("ann"), "Another-Horse-2"))
	fmt.Println(pool.ForUser("ann").Authenticate(ctx, "Another-Horse-2"))
	// Output:
	// <nil>
	// <nil>
}

// An administrator ends all sessions of a user.
func ExampleCognito_AdminSignOut() {
	srv, pool := exampleAdmin()
	defer srv.Close()
	ctx := context.Background()
	ann := pool.ForUser("ann")
	if err := ann.Authenticate(ctx, "Correct-Horse-1"); err != nil {
		log.Fatal(err)
	}

	if err := pool.AdminSignOut(ctx, "ann"); err != nil {
		log.Fatal(err)
	}
	fmt.Println(errors.Is(ann.RenewAccessToken(ctx), cognito.ErrRefreshTokenRevoked))
	// Output: true
}

// A user with a password can also sign in with Google after this call.
func ExampleCognito_AdminLinkProviderForUser() {
	srv, pool := exampleAdmin()
	defer srv.Close()
	ctx := context.Background()
	_, err := pool.AdminCreateIdentityProvider(ctx, cognito.IdentityProvider{
		Name: "Google", Type: types.IdentityProviderTypeTypeGoogle, Details: map[string]string{"client_id": "id", "client_secret": "secret"},
	})
	if err != nil {
		log.Fatal(err)
	}

	google := cognito.FederatedUser("Google", "110169484474386276334") // the claim sub of Google's ID token
	fmt.Println(pool.AdminLinkProviderForUser(ctx, cognito.LocalUser("ann"), google))
	err = pool.AdminLinkProviderForUser(ctx, cognito.LocalUser("ann"), google)
	fmt.Println(errors.Is(err, cognito.ErrIdentityLinked))
	// Output:
	// <nil>
	// true
}

package cognito_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

func ExampleCognito_InitiateForgotPassword() {
	srv, pool := examplePool()
	defer srv.Close()
	ctx := context.Background()

	bob := pool.ForUser("bob")
	delivery, err := bob.InitiateForgotPassword(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("code sent by", delivery.Medium)

	code := srv.Code("bob") // a real pool sends it by e-mail
	if err := bob.ConfirmForgotPassword(ctx, code, "Another-Horse-2"); err != nil {
		log.Fatal(err)
	}
	fmt.Println(bob.Authenticate(ctx, "Another-Horse-2"))
	// Output:
	// code sent by EMAIL
	// <nil>
}

func ExampleCognito_ChangePassword() {
	srv, pool := examplePool()
	defer srv.Close()
	ctx := context.Background()

	bob := pool.ForUser("bob")
	if err := bob.Authenticate(ctx, "Correct-Horse-1"); err != nil {
		log.Fatal(err)
	}
	fmt.Println(bob.ChangePassword(ctx, "Correct-Horse-1", "Another-Horse-2"))
	// Output: <nil>
}

func ExampleCognito_UpdateProfile() {
	srv, pool := examplePool()
	defer srv.Close()
	ctx := context.Background()

	bob := pool.ForUser("bob")
	if err := bob.Authenticate(ctx, "Correct-Horse-1"); err != nil {
		log.Fatal(err)
	}
	deliveries, err := bob.UpdateProfile(ctx, cognito.Attributes{"email": "bob@example.org"})
	if err != nil {
		log.Fatal(err)
	}
	for _, d := range deliveries {
		fmt.Println("code sent to the new", d.Attribute)
	}
	fmt.Println(bob.ValidateVerification(ctx, "email", srv.Code("bob")))
	// Output:
	// code sent to the new email
	// <nil>
}

func ExampleUser_Save() {
	srv, pool := examplePool()
	defer srv.Close()
	ctx := context.Background()

	bob := pool.ForUser("bob")
	if err := bob.Authenticate(ctx, "Correct-Horse-1"); err != nil {
		log.Fatal(err)
	}
	me, err := bob.GetUser(ctx, cognito.AttributeMap{"given_name": "first"})
	if err != nil {
		log.Fatal(err)
	}
	me.Attributes["first"] = "Robert"
	if _, err := me.Save(ctx); err != nil { // sends given_name only
		log.Fatal(err)
	}
	me, err = bob.GetUser(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(me.Attributes["given_name"], me.Attributes["email"])
	// Output: Robert bob@example.com
}

func ExampleAttributes_Unmarshal() {
	type Profile struct {
		Email    string    `cognito:"email"`
		Verified bool      `cognito:"email_verified"`
		Born     time.Time `cognito:"birthdate,omitempty"`
		Level    *int      `cognito:"custom:level"`
	}
	var p Profile
	attrs := cognito.Attributes{"email": "bob@example.com", "email_verified": "true", "birthdate": "1990-02-03", "custom:level": "7"}
	if err := attrs.Unmarshal(&p); err != nil {
		log.Fatal(err)
	}
	fmt.Println(p.Email, p.Verified, p.Born.Year(), *p.Level)

	attrs["custom:level"] = "high"
	fmt.Println(attrs.Unmarshal(&p))
	// Output:
	// bob@example.com true 1990 7
	// cognito: Unmarshal: field Level, attribute custom:level: want int, got "high": invalid syntax
}

func ExampleMarshalAttributes() {
	type Profile struct {
		Name  string `cognito:"name"`
		Nick  string `cognito:"nickname,omitempty"`
		Level int    `cognito:"custom:level"`
	}
	attrs, err := cognito.MarshalAttributes(Profile{Name: "Bob", Level: 7})
	fmt.Println(attrs, err)
	// Output: map[custom:level:7 name:Bob] <nil>
}

// Attribute values are strings. Set and its counterparts convert them from and to Go values.
func ExampleAttributes() {
	attrs := cognito.Attributes{"email": "bob@example.com", "email_verified": "true"}
	if err := attrs.Set("birthdate", time.Date(1990, 2, 3, 0, 0, 0, 0, time.UTC)); err != nil {
		log.Fatal(err)
	}
	if err := attrs.SetCustom("level", 7); err != nil {
		log.Fatal(err)
	}
	fmt.Println(attrs)
	fmt.Println(attrs.Bool("email_verified"), attrs.Time("birthdate").Year(), attrs.Custom("level"))
	// Output:
	// map[birthdate:1990-02-03 custom:level:7 email:bob@example.com email_verified:true]
	// true 1990 7
}

// A call and the user that it returns use your own attribute names.
func ExampleAttributeMap() {
	srv, pool := examplePool()
	defer srv.Close()
	ctx := context.Background()
	names := cognito.AttributeMap{"given_name": "first", "custom:team": "team"}

	_, err := pool.Register(ctx, "carol", "Correct-Horse-1", cognito.Attributes{"first": "Carol", "team": "blue", "email": "carol@example.com"}, names)
	if err != nil {
		log.Fatal(err)
	}
	carol := pool.ForUser("carol")
	if err := carol.ConfirmSignUp(ctx, "carol", srv.Code("carol")); err != nil {
		log.Fatal(err)
	}
	if err := carol.Authenticate(ctx, "Correct-Horse-1"); err != nil {
		log.Fatal(err)
	}
	me, err := carol.GetUser(ctx, names)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(me.Attributes["first"], me.Attributes["team"])
	// Output: Carol blue
}

// A user verifies an address that the pool has not verified yet.
func ExampleCognito_SendVerification() {
	srv, pool := examplePool()
	defer srv.Close()
	srv.AddUser(cognitotest.User{
		Username: "carol", Password: "Correct-Horse-1", Attributes: map[string]string{"email": "carol@example.com"},
	})
	ctx := context.Background()
	carol := pool.ForUser("carol")
	if err := carol.Authenticate(ctx, "Correct-Horse-1"); err != nil {
		log.Fatal(err)
	}

	delivery, err := carol.SendVerification(ctx, "email")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("code sent to", delivery.Destination)
	fmt.Println(carol.ValidateVerification(ctx, "email", srv.Code("carol")))
	// Output:
	// code sent to c***@e***
	// <nil>
}

// A user deletes the account.
func ExampleCognito_DeleteUser() {
	srv, pool := examplePool()
	defer srv.Close()
	ctx := context.Background()
	bob := pool.ForUser("bob")
	if err := bob.Authenticate(ctx, "Correct-Horse-1"); err != nil {
		log.Fatal(err)
	}

	fmt.Println(bob.DeleteUser(ctx))
	fmt.Println(errors.Is(bob.Authenticate(ctx, "Correct-Horse-1"), cognito.ErrUserNotFound))
	// Output:
	// <nil>
	// true
}

package cognito_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// A remembered device replaces the second factor.
func ExampleWithDeviceTracking() {
	srv, pool := exampleFlows(cognitotest.Config{Devices: &cognitotest.DeviceConfiguration{ChallengeRequiredOnNewDevice: true}}, bob)
	defer srv.Close()
	ctx := context.Background()

	session := pool.ForUser("bob", cognito.WithDeviceTracking("Bob's laptop"))
	err := session.Authenticate(ctx, "Correct-Horse-1")
	if !errors.Is(err, cognito.ErrSMSMFARequired) {
		log.Fatal(err)
	}
	if err := session.RespondToSMSMFAChallenge(ctx, srv.Code("bob")); err != nil {
		log.Fatal(err)
	}
	device, ok := session.Device() // store it, encrypted, with the user
	fmt.Println("a device to store:", ok, session.DeviceError())

	later := pool.ForUser("bob", cognito.WithDevice(device))
	fmt.Println("without a code:", later.Authenticate(ctx, "Correct-Horse-1"))
	// Output:
	// a device to store: true <nil>
	// without a code: <nil>
}

// If users decide, ask before the device is remembered.
func ExampleCognito_ConfirmDevice() {
	srv, pool := exampleFlows(cognitotest.Config{Devices: &cognitotest.DeviceConfiguration{DeviceOnlyRememberedOnUserPrompt: true}},
		cognitotest.User{Username: "heidi", Password: "Correct-Horse-1"})
	defer srv.Close()
	ctx := context.Background()

	session := pool.ForUser("heidi")
	if err := session.Authenticate(ctx, "Correct-Horse-1"); err != nil {
		log.Fatal(err)
	}
	device, err := session.ConfirmDevice(ctx, "Heidi's phone")
	if err != nil {
		log.Fatal(err)
	}
	if device.UserConfirmationNecessary {
		fmt.Println("Remember this device? Yes.")
		if err := session.UpdateDeviceStatus(ctx, device.Key, true); err != nil {
			log.Fatal(err)
		}
	}
	for d, err := range session.Devices(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(d.Name, d.Key == device.Key)
	}
	// Output:
	// Remember this device? Yes.
	// Heidi's phone true
}

// A user lists the devices and forgets one.
func ExampleCognito_Devices() {
	srv, pool := exampleFlows(cognitotest.Config{Devices: &cognitotest.DeviceConfiguration{}},
		cognitotest.User{Username: "carol", Password: "Correct-Horse-1"})
	defer srv.Close()
	ctx := context.Background()

	session := pool.ForUser("carol", cognito.WithDeviceTracking("Carol's laptop"))
	if err := session.Authenticate(ctx, "Correct-Horse-1"); err != nil {
		log.Fatal(err)
	}
	for device, err := range session.Devices(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(device.Name)
		fmt.Println(session.ForgetDevice(ctx, device.Key))
	}
	_, ok := session.Device()
	fmt.Println("the session has one:", ok)
	// Output:
	// Carol's laptop
	// <nil>
	// the session has one: false
}

// An administrator forgets the devices of a user who has lost them.
func ExampleCognito_AdminDevices() {
	srv, pool := exampleFlows(cognitotest.Config{Devices: &cognitotest.DeviceConfiguration{}},
		cognitotest.User{Username: "carol", Password: "Correct-Horse-1"})
	defer srv.Close()
	ctx := context.Background()
	if err := pool.ForUser("carol", cognito.WithDeviceTracking("Carol's phone")).Authenticate(ctx, "Correct-Horse-1"); err != nil {
		log.Fatal(err)
	}

	for device, err := range pool.AdminDevices(ctx, "carol") {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(device.Name, device.Remembered, pool.AdminForgetDevice(ctx, "carol", device.Key))
	}
	// Output: Carol's phone true <nil>
}
